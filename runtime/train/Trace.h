// The trace of --trace: when each step of the program ran on each rank, as JSON
// in the Trace Event Format, which Perfetto and chrome://tracing show.
//
// A rank is a process with three tracks: the training step and its parts,
// computation (waiting for exchanges included), communication; exchanges that
// are under way at once have communication tracks of their own. Ranks' clocks
// are aligned with rank 0's when the trace is written, by the quickest of some
// round trips to each.
#ifndef VESCALE_RUNTIME_TRAIN_TRACE_H
#define VESCALE_RUNTIME_TRAIN_TRACE_H

#include "runtime/core/Executor.h"

#include <cstdio>
#include <deque>
#include <memory>
#include <string>

namespace vescale::runtime {

/// What was measured of one training step.
struct StepTrace {
  struct Span {
    std::string name;
    int64_t beginNs, endNs;
  };
  std::vector<Span> spans;
  std::vector<StepTime> times;
};

/// How a rank's clock stands to rank 0's.
struct ClockOffset {
  int64_t aheadNs = 0;
  int64_t errorNs = 0; // half the round trip it was measured with
};
/// All ranks call it; each gets its own.
ClockOffset alignClocks(Transport &transport);

/// A rank's events, separated by commas; `originNs`, by its clock, is time 0.
std::string traceEvents(const vs_program &program, int rank,
                        const std::deque<StepTrace> &steps, int64_t originNs);

class Trace {
public:
  /// Rank 0 opens the file; a Usage failure if it can't. The last `keep` steps
  /// are kept.
  Trace(const std::string &path, int64_t keep, const vs_program &program,
        int rank);

  /// Where the times of a new training step go.
  std::vector<StepTime> *beginStep();
  /// A part of it.
  void addSpan(const std::string &name, int64_t beginNs, int64_t endNs);
  void endStep(int64_t step, int64_t beginNs, int64_t endNs);

  /// Rank 0 writes what all have measured; all ranks call it.
  void write(Transport &transport);

private:
  struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path;
  int64_t keep;
  const vs_program &program;
  std::unique_ptr<std::FILE, Close> file;
  std::deque<StepTrace> steps;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_TRACE_H
