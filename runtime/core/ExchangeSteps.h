// The steps that start collectives and wait for them, and what goes on between.
#ifndef VESCALE_RUNTIME_CORE_EXCHANGESTEPS_H
#define VESCALE_RUNTIME_CORE_EXCHANGESTEPS_H

#include "runtime/kernels/Step.h"
#include "runtime/transport/Transport.h"

#include <unordered_map>

namespace vescale::runtime {

/// When a step of the program ran, by nanoseconds(). An exchange's is its
/// start, up to when it was seen to be done.
struct StepTime {
  int64_t step, beginNs, endNs;
};

class ExchangeSteps {
public:
  explicit ExchangeSteps(Transport &transport) : transport(transport) {}

  /// Starts the exchange; `number` is the step's.
  std::unique_ptr<Step> makeStart(const vs_exchange &exchange, int64_t number,
                                  const Addresses &addresses);
  /// Waits for it; a failure if no step before has started it.
  std::unique_ptr<Step> makeWait(const vs_exchange &exchange);

  /// Called between steps: moves exchanges on. The times of those that are done
  /// are added to `times`, if there is such.
  void progress(std::vector<StepTime> *times);

private:
  struct Running {
    std::vector<Part> parts;
    int64_t step;
    Ticket ticket;
    int64_t beginNs;
  };
  class Start;
  class Wait;

  Transport &transport;
  std::unordered_map<const vs_exchange *, std::unique_ptr<Running>> known;
  std::vector<Running *> open; // started, not seen to be done
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_EXCHANGESTEPS_H
