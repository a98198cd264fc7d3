// The loop of a training program: data, steps, log, checkpoints.
#ifndef VESCALE_RUNTIME_TRAIN_TRAINER_H
#define VESCALE_RUNTIME_TRAIN_TRAINER_H

#include "runtime/checkpoint/FileOps.h"
#include "runtime/checkpoint/Saver.h"
#include "runtime/core/Executor.h"
#include "runtime/core/Options.h"
#include "runtime/train/Data.h"
#include "runtime/train/Evaluator.h"
#include "runtime/train/Log.h"
#include "runtime/train/Trace.h"

namespace vescale::runtime {

/// What the loop works with; all outlive it.
struct TrainerParts {
  const Manifest &manifest;
  const Options &options;
  const std::string &bundle;
  const vs_program &program;
  Transport &transport;
  Monitor &monitor;
  int threads;
};

class Trainer {
public:
  /// Opens the data and looks at the save directory. Usage and BadInput
  /// failures, before anything is allocated. Call before weights are exchanged.
  explicit Trainer(const TrainerParts &parts);

  /// Takes the state: the initial one, which is in its places, or the last
  /// checkpoint's. `run` is the same on all ranks, and another in each run.
  void begin(const Addresses &addresses, uint64_t run);

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
  double result(const char *name) const;

  TrainerParts parts;
  std::optional<Data> data;
  std::optional<Evaluator> evaluator;
  FileOps &ops = systemFiles();
  ChunkPlan plan;
  std::optional<std::string> resumeFrom; // a step's directory
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
