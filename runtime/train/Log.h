// What rank 0 says of a training run's steps: lines on stderr, and JSON lines in
// a file.
#ifndef VESCALE_RUNTIME_TRAIN_LOG_H
#define VESCALE_RUNTIME_TRAIN_LOG_H

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace vescale::runtime {

struct StepReport {
  int64_t step; // from 0
  double loss, gradientNorm, learningRate, stepMs;
  int64_t tokens;
};

class Log {
public:
  /// `path` may be empty; an existing file is continued if `append`.
  Log(const std::string &path, bool append, int64_t every, int64_t steps);

  void add(const StepReport &report);

private:
  struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path;
  std::unique_ptr<std::FILE, Close> file;
  int64_t every, steps;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_LOG_H
