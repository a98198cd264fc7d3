// A thread for each save, one at a time.
#include "runtime/checkpoint/Saver.h"

#include "runtime/checkpoint/Files.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"

namespace vescale::runtime {

Saver::Saver(FileOps &ops, const RankState &state, const SaverOptions &given)
    : ops(ops), state(state), options(given) {
  options.save.cancelled = &cancelled;
  while (options.saveDir.size() > 1 && options.saveDir.back() == '/')
    options.saveDir.pop_back();
  std::vector<int64_t> steps = committedSteps(ops, options.saveDir);
  if (!steps.empty() && steps.back() > options.resumedFrom.value_or(-1))
    fail(ExitCode::BadInput, "save directory '", options.saveDir, "' has ",
         stepName(steps.back()), " already, and the run starts from ",
         options.resumedFrom ? stepName(*options.resumedFrom)
                             : std::string("nothing"),
         "; resume from the newest step, remove later ones, or save elsewhere");
  makeDirectories(ops, options.saveDir);
}

Saver::~Saver() {
  cancelled = true;
  if (writer.joinable())
    writer.join();
}

void Saver::snapshot(const Progress &progress) {
  wait();
  Attempt attempt{options.saveDir, progress.step, options.run, saves++};
  if (!buffer)
    buffer = std::make_unique<Arena>(bytes());
  state.copyChunks(buffer->data());
  writer = std::thread([this, attempt, progress] {
    try {
      write(attempt, progress);
    } catch (...) {
      failure = std::current_exception();
    }
  });
}

void Saver::wait() {
  if (writer.joinable())
    writer.join();
  if (std::exception_ptr caught = std::exchange(failure, nullptr))
    std::rethrow_exception(caught);
}

void Saver::write(const Attempt &attempt, const Progress &progress) {
  if (state.rank == 0)
    removeLeftovers(ops, attempt);
  openAttempt(ops, attempt);
  writeRank(ops, attempt, state.plan, state.rank, buffer->data(), options.save);
  if (state.rank != 0)
    return;
  commitAttempt(ops, attempt, state.plan, progress, options.save);
  if (options.keep > 0)
    removeOldSteps(ops, options.saveDir, options.keep);
}

} // namespace vescale::runtime
