// Trains.
#include "runtime/train/Trainer.h"

#include "runtime/checkpoint/Load.h"
#include "runtime/core/Error.h"

#include <chrono>
#include <cmath>
#include <cstring>

namespace vescale::runtime {
namespace {

int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void check(const Options &options) {
  if (options.data.empty())
    fail(ExitCode::Usage, "this is a training program: give its data with "
                          "--data=FILE, and --steps=N");
  if (options.steps < 1)
    fail(ExitCode::Usage, "--steps=N says how many steps to train");
  if (!options.input.empty() || !options.output.empty())
    fail(ExitCode::Usage, "a training program takes --data and --save-dir, not "
                          "--input and --output");
  bool saves = options.saveEvery || options.resume || options.keep;
  if (saves && options.saveDir.empty())
    fail(ExitCode::Usage, "--save-every, --keep and --resume need "
                          "--save-dir=DIR");
}

} // namespace

Trainer::Trainer(const TrainerParts &given)
    : parts((check(given.options), given)),
      data(parts.manifest, parts.options.data,
           parts.options.wideTokens ? TokenWidth::U32 : TokenWidth::U16,
           parts.transport.rank()),
      plan(planChunks(stateOf(parts.manifest))) {
  const Options &options = parts.options;
  if (options.resume && !committedSteps(ops, options.saveDir).empty()) {
    resumeFrom = findStep(ops, options.saveDir);
    SavedStep(ops, *resumeFrom).check(plan.state);
  }
}

void Trainer::begin(const Addresses &theAddresses) {
  addresses = &theAddresses;
  const Options &options = parts.options;
  int rank = parts.transport.rank();
  state.emplace(plan, rank, addresses->parameters);
  std::optional<int64_t> from;
  if (resumeFrom) {
    SavedStep step(ops, *resumeFrom);
    const Progress &progress = step.index().progress;
    if (progress.seed != parts.manifest.train->seed && rank == 0)
      std::fprintf(stderr,
                   "note: the checkpoint was made with the seed %llu, the "
                   "bundle has %llu: samples are drawn anew\n",
                   static_cast<unsigned long long>(progress.seed),
                   static_cast<unsigned long long>(parts.manifest.train->seed));
    state->load(step, [this](int64_t) { parts.monitor.beat(); });
    from = done = saved = progress.step;
    if (rank == 0)
      std::fprintf(stderr, "resumed from '%s'\n", resumeFrom->c_str());
  } else {
    state->initializeUnused(parts.manifest, parts.bundle);
    if (options.resume && rank == 0)
      std::fprintf(stderr, "'%s' has no checkpoint; training begins anew\n",
                   options.saveDir.c_str());
  }
  if (!options.saveDir.empty()) {
    SaverOptions saving;
    saving.saveDir = options.saveDir;
    saving.run = parts.transport.agree(rank == 0 ? nanoseconds() : 0).value;
    saving.resumedFrom = from;
    saving.keep = options.keep;
    saver.emplace(ops, *state, saving);
  }
  if (rank == 0)
    log.emplace(options.log, resumeFrom.has_value(), options.logEvery,
                options.steps);
}

double Trainer::result(const char *name) const {
  for (const Port &port : parts.manifest.outputs) {
    if (port.name != name)
      continue;
    const char *at = addresses->at({port.at.space, 0, port.at.offset});
    double value = NAN;
    float narrow;
    if (port.dtype == VS_F64) {
      std::memcpy(&value, at, sizeof(value));
    } else if (port.dtype == VS_F32) {
      std::memcpy(&narrow, at, sizeof(narrow));
      value = narrow;
    }
    return value;
  }
  return NAN;
}

void Trainer::step(Executor &executor) {
  int64_t begin = nanoseconds();
  int64_t last = parts.manifest.train->microBatches - 1;
  for (int64_t micro = 0; micro <= last; ++micro) {
    data.place(*addresses, done, micro);
    executor.run(executor.findEntry(micro < last ? "accumulate" : "main"));
  }
  int64_t slowest = parts.transport.agree(nanoseconds() - begin).value;
  if (log)
    log->add({done, result("loss"), result("gradient_norm"),
              result("learning_rate"), slowest * 1e-6, data.tokensOfStep()});
  ++done;
}

void Trainer::save() {
  if (!saver || saved == done)
    return;
  Progress progress;
  progress.step = done;
  progress.seed = parts.manifest.train->seed;
  progress.dataPosition = done * data.batchOfStep();
  progress.plan = contentHash(parts.bundle + "/plan.json");
  progress.program = parts.program.hash;
  saver->snapshot(progress);
  saved = done;
}

void Trainer::run(Executor &executor) {
  const Options &options = parts.options;
  if (parts.transport.rank() == 0 && done >= options.steps)
    std::fprintf(stderr, "all %lld steps are done\n",
                 static_cast<long long>(options.steps));
  bool stop = false;
  while (done < options.steps && !stop) {
    step(executor);
    if (options.saveEvery && done % options.saveEvery == 0)
      save();
    stop = parts.transport.agree(Monitor::stopRequested() ? 1 : 0).value != 0;
  }
  save();
  if (saver)
    saver->wait();
  parts.transport.barrier();
  if (stop)
    fail(ExitCode::Stopped, "stopped in order by a signal after step ",
         done - 1, saver ? ", which is saved" : "; without --save-dir nothing "
                                                "is saved");
}

} // namespace vescale::runtime
