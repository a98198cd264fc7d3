// The loop of a training program: data, steps, log, checkpoints.
#ifndef VESCALE_RUNTIME_TRAIN_TRAINER_H
#define VESCALE_RUNTIME_TRAIN_TRAINER_H

#include "runtime/checkpoint/FileOps.h"
#include "runtime/checkpoint/Saver.h"
#include "runtime/core/Executor.h"
#include "runtime/core/Options.h"
#include "runtime/core/Prediction.h"
#include "runtime/train/Data.h"
#include "runtime/train/Evaluator.h"
#include "runtime/train/Log.h"
#include "runtime/train/Trace.h"

namespace vescale::runtime {

class HeldMemory;

/// What the loop works with; all outlive it.
struct TrainerParts {
  const Manifest &manifest;
  const Options &options;
  const std::string &bundle;
  const vs_program &program;
  Transport &transport;
  Monitor &monitor;
  HeldMemory &held;
  int threads;
  std::optional<Prediction> prediction;
};

class Trainer {
public:
  /// Opens the data and looks at the save directory. Usage and BadInput
  /// failures, before anything is allocated. Call before weights are exchanged.
  explicit Trainer(const TrainerParts &parts);

  static constexpr int64_t noStep = -1;
  /// The saved step to go on from, or none, as rank 0 sees it: the others ask
  /// it, since steps come and go and directories differ for a while.
  int64_t newestStep() const { return newest; }

  /// Takes the state: that of the step `resumeStep`, or the initial one, which
  /// is in its places. `run` and `resumeStep` are the same on all ranks, `run`
  /// is another in each run.
  void begin(const Addresses &addresses, uint64_t run, int64_t resumeStep);

  /// Runs the steps that are left, then evaluates. On a signal all ranks end
  /// after the same step, save, and throw a Stopped failure.
  void run(Executor &executor);

private:
  void openLog();
  void step(Executor &executor);
  StepReport runStep(Executor &executor);
  void evaluate(Executor &executor, StepReport &report);
  template <typename Body> void traced(const char *name, Body body);
  void save();
  std::string stepDirectory(int64_t step) const;
  double result(const char *name) const;

  TrainerParts parts;
  std::optional<Data> data;
  std::optional<Evaluator> evaluator;
  FileOps &ops = systemFiles();
  ChunkPlan plan;
  int64_t newest = noStep; // on rank 0
  const Addresses *addresses = nullptr;
  std::optional<RankState> state;
  std::optional<Saver> saver;
  std::string planHash; // if there is a saver
  std::optional<Trace> trace;
  std::optional<Log> log;
  int64_t done = 0; // steps
  int64_t saved = -1;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_TRAINER_H
