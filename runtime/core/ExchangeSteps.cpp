// Exchanges from their start to their end.
#include "runtime/core/ExchangeSteps.h"

#include "runtime/core/Clock.h"
#include "runtime/core/Error.h"

namespace vescale::runtime {

class ExchangeSteps::Start : public Step {
public:
  Start(ExchangeSteps &all, Running &running) : all(all), running(running) {}
  void run() override {
    running.beginNs = nanoseconds();
    running.ticket = all.transport.start(running.parts);
    all.open.push_back(&running);
  }

private:
  ExchangeSteps &all;
  Running &running;
};

class ExchangeSteps::Wait : public Step {
public:
  Wait(ExchangeSteps &all, Running &running) : all(all), running(running) {}
  void run() override { all.transport.wait(running.ticket); }

private:
  ExchangeSteps &all;
  Running &running;
};

std::unique_ptr<Step> ExchangeSteps::makeStart(const vs_exchange &exchange,
                                               int64_t number,
                                               const Addresses &addresses) {
  auto running = std::make_unique<Running>();
  running->step = number;
  for (int64_t i = 0; i < exchange.num_parts; ++i) {
    const vs_collective &op = exchange.parts[i];
    running->parts.push_back({&op, addresses.at(op.in), addresses.at(op.out)});
  }
  Running &placed = *running;
  known[&exchange] = std::move(running);
  open.reserve(known.size());
  return std::make_unique<Start>(*this, placed);
}

std::unique_ptr<Step> ExchangeSteps::makeWait(const vs_exchange &exchange) {
  auto found = known.find(&exchange);
  if (found == known.end())
    fail(ExitCode::RunFailed, "waits for what no step has started");
  return std::make_unique<Wait>(*this, *found->second);
}

void ExchangeSteps::progress(std::vector<StepTime> *times) {
  if (open.empty())
    return;
  transport.progress();
  for (size_t i = 0; i < open.size();) {
    Running &running = *open[i];
    if (!transport.isDone(running.ticket)) {
      ++i;
      continue;
    }
    if (times)
      times->push_back({running.step, running.beginNs, nanoseconds()});
    open.erase(open.begin() + static_cast<int64_t>(i));
  }
}

} // namespace vescale::runtime
