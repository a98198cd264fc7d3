// The order of exchanges, and waiting.
#include "runtime/transport/Exchanges.h"

#include "runtime/core/DType.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>

namespace vescale::runtime {

Exchanges::Exchanges(int rank, const TransportSetup &setup, PollFn poll)
    : rank(rank), queues(setup.groups.size()), yield(setup.yield),
      poll(std::move(poll)) {
  for (const vs_group &group : setup.groups)
    groups.push_back(groupOf(group, rank));
}

template <typename Done>
void Exchanges::waitUntil(const Exchange *exchange, Done done) {
  // Spinning for some microseconds is cheaper than a system call; beyond that
  // the core may be needed by the very rank that is waited for.
  for (int spin = yield ? 4000 : 0; spin < 4000; ++spin) {
    progress();
    if (done())
      return;
    __builtin_ia32_pause();
  }
  auto showWaiting = [&](int peer) {
    if (mine)
      mine->waitingOn.store(peer, std::memory_order_relaxed);
  };
  for (int64_t turn = 0;; ++turn) {
    progress();
    if (done())
      break;
    if (turn % 64 == 0 && exchange)
      showWaiting(waitsFor(*exchange));
    if (yield || turn % 64 == 63) {
      sched_yield();
    } else {
      for (int i = 0; i < 32; ++i)
        __builtin_ia32_pause();
    }
    if (turn % 256 == 255)
      poll();
    if (turn > 1 << 20)
      usleep(50);
  }
  showWaiting(-1);
}

Ticket Exchanges::start(const std::vector<Part> &parts) {
  int group = parts.front().op->group;
  Queue &queue = queues[group];
  uint64_t sequence = queue.started + 1;
  if (groups[group].size() == 1) {
    for (const Part &part : parts)
      exchangeAlone(part);
    queue.started = queue.ended = sequence;
    return {group, sequence};
  }
  auto free = [&] {
    return sequence - queue.ended <= depth && canStart(parts, sequence);
  };
  if (!free())
    waitUntil(queue.ended < queue.started
                  ? &queue.ring[(queue.ended + 1) % depth]
                  : nullptr,
              free);
  Exchange &exchange = queue.ring[sequence % depth];
  exchange = {&parts, group, sequence, 0};
  queue.started = sequence;
  begin(exchange);
  progress(queue);
  return {group, sequence};
}

void Exchanges::progress(Queue &queue) {
  for (uint64_t at = queue.ended + 1; at <= queue.started; ++at) {
    State state = advance(queue.ring[at % depth]);
    if (state == State::Done && at == queue.ended + 1)
      ++queue.ended;
    if (state == State::Blocked)
      return;
  }
}

void Exchanges::progress() {
  for (Queue &queue : queues)
    progress(queue);
}

void Exchanges::wait(Ticket ticket) {
  if (!isDone(ticket))
    waitUntil(&queues[ticket.group].ring[ticket.sequence % depth],
              [&] { return isDone(ticket); });
}

void exchangeAlone(const Part &part) {
  const vs_collective &op = *part.op;
  int64_t bytes = dtypeBytes(static_cast<vs_dtype>(op.dtype));
  if (op.kind == VS_ALL_REDUCE) {
    if (part.in != part.out)
      std::memcpy(part.out, part.in, op.count * bytes);
    return;
  }
  zeroPadding(op, 1, 0, part.out, bytes);
  copyTransfer(transferOf(op, 1, 0, 0), part.in, part.out, bytes);
}

} // namespace vescale::runtime
