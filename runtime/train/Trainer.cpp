// Trains.
#include "runtime/train/Trainer.h"

#include "runtime/checkpoint/Load.h"
#include "runtime/core/Clock.h"
#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/train/GemmPeak.h"
#include "runtime/train/Result.h"

#include <cmath>

namespace vescale::runtime {
namespace {

void check(const Options &options) {
  if (!options.inferenceFlag.empty())
    fail(ExitCode::Usage, options.inferenceFlag,
         ": this is a training program, which takes --data=FILE and --steps=N");
  if (options.steps == 0 && options.eval.empty())
    fail(ExitCode::Usage, "--steps=0 only evaluates: give the data for it with "
                          "--eval=FILE");
  if (options.data.empty() && options.steps != 0)
    fail(ExitCode::Usage, "this is a training program: give its data with "
                          "--data=FILE, and --steps=N");
  if (options.steps < 0)
    fail(ExitCode::Usage, "--steps=N says how many steps to train");
  bool saves = options.saveEvery || options.resume || options.keep;
  if (saves && options.saveDir.empty())
    fail(ExitCode::Usage, "--save-every, --keep and --resume need "
                          "--save-dir=DIR");
  if ((options.evalEvery || options.evalBatches) && options.eval.empty())
    fail(ExitCode::Usage, "--eval-every and --eval-batches need --eval=FILE");
  if (options.wideTokens && !isTokenFile(options.data) &&
      !isTokenFile(options.eval))
    fail(ExitCode::Usage, "--tokens says what a .bin file has; there is none");
  if (options.traceSteps && options.trace.empty())
    fail(ExitCode::Usage, "--trace-steps needs --trace=FILE");
}

} // namespace

Trainer::Trainer(const TrainerParts &given)
    : parts((check(given.options), given)),
      plan(planChunks(stateOf(parts.manifest))) {
  const Options &options = parts.options;
  int rank = parts.transport.rank();
  if (options.steps > 0)
    data.emplace(parts.manifest, options.data, tokenWidth(options), rank,
                 DataUse::Train);
  if (!options.eval.empty())
    evaluator.emplace(parts.manifest, options, parts.program, rank);
  if (options.resume && rank == 0) {
    std::vector<int64_t> steps = committedSteps(ops, options.saveDir);
    if (!steps.empty()) {
      newest = steps.back();
      SavedStep(ops, stepDirectory(newest)).check(plan.state);
    }
  }
}

std::string Trainer::stepDirectory(int64_t step) const {
  return cat(parts.options.saveDir, "/", stepName(step));
}

void Trainer::begin(const Addresses &theAddresses, uint64_t run,
                    int64_t resumeStep) {
  addresses = &theAddresses;
  const Options &options = parts.options;
  int rank = parts.transport.rank();
  std::optional<std::string> resumeFrom;
  if (resumeStep != noStep)
    resumeFrom = stepDirectory(resumeStep);
  state.emplace(plan, rank, addresses->parameters);
  std::optional<int64_t> from;
  if (resumeFrom) {
    SavedStep step(ops, *resumeFrom);
    step.check(plan.state);
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
    saving.run = run;
    saving.resumedFrom = from;
    saving.keep = options.keep;
    saver.emplace(ops, *state, saving);
    planHash = contentHash(parts.bundle + "/plan.json");
  }
  if (!options.trace.empty())
    trace.emplace(options.trace, std::max<int64_t>(options.traceSteps, 1),
                  parts.program, rank);
  if (rank == 0)
    log.emplace(options.log, resumeFrom.has_value(), options.logEvery,
                options.steps);
}

/// Says what the run is, and what its rates are told of.
void Trainer::openLog() {
  const ProgramEntry &program =
      parts.manifest.programOf(parts.transport.rank());
  RunFacts facts;
  facts.ranks = parts.transport.size();
  facts.threads = parts.threads;
  facts.prediction = parts.prediction;
  facts.transport = parts.transport.describe();
  facts.arenaBytes = program.arenaBytes;
  facts.commBytes = program.commBytes;
  for (const auto &[name, flops] : program.flops)
    if (name == "main")
      facts.stepFlops += flops;
    else if (name == "accumulate")
      facts.stepFlops += flops * (parts.manifest.train->microBatches - 1);
  // Together, since ranks may share cores.
  if (facts.stepFlops && data) {
    parts.transport.barrier();
    auto peak = static_cast<int64_t>(measureGemmPeak());
    facts.gemmPeak = parts.transport.agree(peak).value;
  }
  if (log)
    log->begin(facts);
}

double Trainer::result(const char *name) const {
  return resultOf(parts.manifest, *addresses, name);
}

template <typename Body> void Trainer::traced(const char *name, Body body) {
  int64_t begin = trace ? nanoseconds() : 0;
  body();
  if (trace)
    trace->addSpan(name, begin, nanoseconds());
}

StepReport Trainer::runStep(Executor &executor) {
  if (trace)
    executor.record(trace->beginStep());
  int64_t begin = nanoseconds();
  int64_t last = parts.manifest.train->microBatches - 1;
  for (int64_t micro = 0; micro <= last; ++micro) {
    const char *entry = micro < last ? "accumulate" : "main";
    traced("data", [&] { data->place(*addresses, done, micro); });
    traced(entry, [&] { executor.run(executor.findEntry(entry)); });
  }
  int64_t end = nanoseconds();
  executor.record(nullptr);
  if (trace)
    trace->endStep(done, begin, end);
  int64_t slowest = parts.transport.agree(end - begin).value;
  StepReport report;
  report.step = done;
  report.loss = result("loss");
  report.gradientNorm = result("gradient_norm");
  report.learningRate = result("learning_rate");
  report.stepMs = slowest * 1e-6;
  report.tokens = data->tokensOfStep();
  if (log && !parts.options.log.empty())
    report.heldBytes = parts.held.bytes();
  return report;
}

void Trainer::evaluate(Executor &executor, StepReport &report) {
  Evaluator::Result result =
      evaluator->run(executor, *addresses, parts.transport);
  report.evalLoss = result.loss;
  report.evalMs = result.ms;
}

void Trainer::step(Executor &executor) {
  StepReport report = runStep(executor);
  ++done;
  int64_t every = parts.options.evalEvery;
  bool isDue = done == parts.options.steps || (every && done % every == 0);
  if (evaluator && isDue)
    evaluate(executor, report);
  if (log)
    log->add(report);
}

void Trainer::save() {
  if (!saver || saved == done || done == 0)
    return;
  Progress progress;
  progress.step = done;
  progress.seed = parts.manifest.train->seed;
  progress.dataPosition = done * data->batchOfStep();
  progress.plan = planHash;
  progress.program = parts.program.hash;
  saver->snapshot(progress);
  saved = done;
}

void Trainer::run(Executor &executor) {
  const Options &options = parts.options;
  openLog();
  if (done >= options.steps) {
    if (options.steps && parts.transport.rank() == 0)
      std::fprintf(stderr, "all %lld steps are done\n",
                   static_cast<long long>(options.steps));
    if (evaluator) {
      StepReport report;
      report.step = done - 1;
      evaluate(executor, report);
      if (log)
        log->addEvaluation(report);
    }
  }
  bool stop = false;
  while (done < options.steps && !stop) {
    step(executor);
    if (options.saveEvery && done % options.saveEvery == 0)
      save();
    stop = parts.transport.agree(Monitor::stopRequested() ? 1 : 0).value != 0;
  }
  if (log)
    log->summarize();
  save();
  if (saver)
    saver->wait();
  if (trace)
    trace->write(parts.transport);
  parts.transport.barrier();
  if (stop)
    fail(ExitCode::Stopped, "stopped in order by a signal after step ",
         done - 1,
         saver ? ", which is saved"
               : "; without --save-dir nothing "
                 "is saved");
}

} // namespace vescale::runtime
