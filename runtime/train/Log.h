// What rank 0 says of a training run: lines on stderr, of which a terminal
// shows the last step's alone, and JSON lines in a file.
#ifndef VESCALE_RUNTIME_TRAIN_LOG_H
#define VESCALE_RUNTIME_TRAIN_LOG_H

#include "runtime/core/Prediction.h"

#include <cstdio>
#include <memory>

namespace vescale::runtime {

/// What is the same in all steps; bytes and operations are of one rank.
struct RunFacts {
  int ranks = 1, threads = 1;
  std::string transport;
  int64_t arenaBytes = 0, commBytes = 0;
  int64_t stepFlops = 0; // of matrix products, as compiled
  double gemmPeak = 0;   // operations a second, the best; 0: not measured
  std::optional<Prediction> prediction;
};

struct StepReport {
  int64_t step = 0; // from 0; -1: before the first
  double loss = 0, gradientNorm = 0, learningRate = 0, stepMs = 0;
  int64_t tokens = 0;
  std::optional<int64_t> heldBytes;
  std::optional<double> evalLoss, evalMs;
};

class Log {
public:
  /// `path` may be empty; an existing file is continued if `append`.
  Log(const std::string &path, bool append, int64_t every, int64_t steps);
  ~Log() { end(); }

  void begin(const RunFacts &facts);
  void add(const StepReport &report);
  /// Of a run without steps.
  void addEvaluation(const StepReport &report);
  /// Behind the last step: what steps took, beside what was predicted.
  void summarize();
  /// What else is printed begins on a line of its own.
  void end();

private:
  void write(const std::string &line);
  void show(const std::string &line, bool stays);

  struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path;
  std::unique_ptr<std::FILE, Close> file;
  int64_t every, steps;
  RunFacts facts;
  std::vector<double> stepMs; // but the first's, which makes pages
  bool isFirst = true;
  bool isTerminal, isOpen = false; // the line of the last step
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_LOG_H
