// Evaluates.
#include "runtime/train/Evaluator.h"

#include "runtime/core/Clock.h"
#include "runtime/core/Error.h"
#include "runtime/train/Result.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace vescale::runtime {
namespace {

/// Of tokens, of which files have many.
constexpr int64_t usualTokenBatches = 10;

void checkEntry(const vs_program &program) {
  for (int64_t i = 0; i < program.num_entries; ++i)
    if (std::strcmp(program.entries[i].name, "eval") == 0)
      return;
  fail(ExitCode::BadInput, "--eval: the bundle has no function that evaluates; "
                           "compile the model again");
}

} // namespace

Evaluator::Evaluator(const Manifest &manifest, const Options &options,
                     const vs_program &program, int rank)
    : manifest(manifest), data(manifest, options.eval, tokenWidth(options),
                               rank, DataUse::Evaluate),
      batches(options.evalBatches) {
  checkEntry(program);
  int64_t held = data.wholeBatches(), samples = data.batchOfStep();
  if (held == 0)
    fail(ExitCode::BadInput, "--eval: '", options.eval, "' has ",
         data.sampleCount(), " samples, a batch has ", samples);
  if (batches > held)
    fail(ExitCode::BadInput, "--eval-batches=", batches, ": '", options.eval,
         "' has ", held, " batches of ", samples, " samples");
  if (batches)
    return;
  batches = data.isTokens() ? std::min(held, usualTokenBatches) : held;
  int64_t rest = data.sampleCount() - held * samples;
  if (!data.isTokens() && rest && rank == 0)
    std::fprintf(stderr,
                 "note: the last %lld samples of '%s' fill no batch of %lld "
                 "and are not evaluated\n",
                 static_cast<long long>(rest), options.eval.c_str(),
                 static_cast<long long>(samples));
}

Evaluator::Result Evaluator::run(Executor &executor, const Addresses &addresses,
                                 Transport &transport) {
  int64_t begin = nanoseconds();
  double sum = 0, count = 0;
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t part = 0; part < manifest.train->microBatches; ++part) {
      data.place(addresses, batch, part);
      executor.run(executor.findEntry("eval"));
      sum += resultOf(manifest, addresses, "eval_loss_sum");
      count += resultOf(manifest, addresses, "eval_loss_count");
    }
  int64_t slowest = transport.agree(nanoseconds() - begin).value;
  return {sum / count, slowest * 1e-6};
}

} // namespace vescale::runtime
