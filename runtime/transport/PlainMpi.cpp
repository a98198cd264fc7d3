// Collectives over MPI messages. Reductions are done here, by index in the
// group, and not by MPI, whose order is its own.
#include "runtime/transport/PlainMpi.h"

#include "runtime/core/DType.h"
#include "runtime/transport/Reduce.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

// One message's largest size; MPI counts in int.
constexpr int64_t maxMessage = int64_t(1) << 30;
// Up to this size everyone gets everyone's input.
constexpr int64_t smallReduce = int64_t(8) << 10;

int64_t elementBytes(const Part &part) {
  return dtypeBytes(static_cast<vs_dtype>(part.op->dtype));
}

/// The bytes of one part's piece of a message, which starts with an element of
/// any type where there are several.
int64_t pieceBytes(const std::vector<Part> &parts, int64_t bytes) {
  return parts.size() == 1 ? bytes : (bytes + 7) / 8 * 8;
}

/// How sums are cut among the members of a group.
class Slices {
public:
  Slices(const std::vector<Part> &parts, int members) : members(members) {
    int64_t total = 0;
    for (const Part &part : parts)
      total += part.op->count * elementBytes(part);
    small = total <= smallReduce;
  }

  bool isSmall() const { return small; }
  int64_t begin(const Part &part, int index) const {
    return small ? 0 : std::min(index * length(part), part.op->count);
  }
  /// Elements of a member's slice: all of them where sums are small.
  int64_t size(const Part &part, int index) const {
    if (small)
      return part.op->count;
    return std::clamp<int64_t>(part.op->count - index * length(part), 0,
                               length(part));
  }
  int64_t bytes(const std::vector<Part> &parts, int index) const {
    int64_t total = 0;
    for (const Part &part : parts)
      total += pieceBytes(parts, size(part, index) * elementBytes(part));
    return total;
  }

private:
  int64_t length(const Part &part) const {
    return (part.op->count + members - 1) / members;
  }

  int members;
  bool small;
};

int64_t transferBytes(const std::vector<Part> &parts, int members, int from,
                      int to) {
  int64_t total = 0;
  for (const Part &part : parts)
    total +=
        pieceBytes(parts, transferOf(*part.op, members, from, to).elements() *
                              elementBytes(part));
  return total;
}

/// What is sent once stays as large as it has been.
char *reserve(std::vector<char> &buffer, int64_t bytes) {
  if (static_cast<int64_t>(buffer.size()) < bytes)
    buffer.resize(bytes);
  return buffer.data();
}

} // namespace

PlainCollectives::PlainCollectives(int rank, const TransportSetup &setup,
                                   PollFn poll)
    : Exchanges(rank, setup, poll), yield(setup.yield), poll(std::move(poll)),
      works(setup.groups.size() * depth) {
  for (const Group &group : groups)
    inputs.resize(std::max(inputs.size(), group.ranks.size()));
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// Pairs of ranks start exchanges in one order, but the second round of one may
/// come before or after the first of the next.
int PlainCollectives::tagOf(const Exchange &exchange) const {
  auto slot = static_cast<int>(exchange.sequence % depth);
  return 1 + (exchange.group * static_cast<int>(depth) + slot) * 2 +
         (exchange.stage == First ? 0 : 1);
}

void PlainCollectives::post(std::vector<MPI_Request> &requests, bool sending,
                            int peer, char *data, int64_t bytes, int tag) {
  for (int64_t at = 0; at < bytes; at += maxMessage) {
    int count = static_cast<int>(std::min(maxMessage, bytes - at));
    MPI_Request request;
    if (sending)
      MPI_Isend(data + at, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD,
                &request);
    else
      MPI_Irecv(data + at, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD,
                &request);
    requests.push_back(request);
  }
}

void PlainCollectives::waitAll() {
  int done = 0;
  for (int64_t turn = 0; !done; ++turn) {
    MPI_Testall(static_cast<int>(messages.size()), messages.data(), &done,
                MPI_STATUSES_IGNORE);
    if (done)
      break;
    if (yield || turn % 256 == 255)
      sched_yield();
    if (turn % 1024 == 1023)
      poll();
  }
  messages.clear();
}

void PlainCollectives::send(int to, const void *data, int64_t bytes) {
  post(messages, true, to, static_cast<char *>(const_cast<void *>(data)), bytes,
       0);
  waitAll();
}

void PlainCollectives::receive(int from, void *data, int64_t bytes) {
  post(messages, false, from, static_cast<char *>(data), bytes, 0);
  waitAll();
}

//===----------------------------------------------------------------------===//
// Exchanges
//===----------------------------------------------------------------------===//

void PlainCollectives::begin(Exchange &exchange) {
  if (exchange.parts->front().op->kind == VS_ALL_REDUCE)
    beginSum(exchange);
  else
    beginPull(exchange);
}

Exchanges::State PlainCollectives::advance(Exchange &exchange) {
  while (exchange.stage != Ended) {
    std::vector<MPI_Request> &requests = workOf(exchange).requests;
    int done = 0;
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done,
                MPI_STATUSES_IGNORE);
    if (!done)
      return State::Passed;
    requests.clear();
    if (exchange.parts->front().op->kind != VS_ALL_REDUCE) {
      takePulled(exchange);
      exchange.stage = Ended;
    } else if (exchange.stage == First) {
      exchange.stage = reduceSums(exchange) ? Ended : Second;
    } else {
      takeSlices(exchange);
      exchange.stage = Ended;
    }
  }
  return State::Done;
}

/// Gives each member its slices of this rank's inputs.
void PlainCollectives::beginSum(Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  const Group &group = groups[exchange.group];
  int members = group.size();
  Slices slices(parts, members);
  Work &work = workOf(exchange);
  int64_t mine = slices.bytes(parts, group.index);
  char *receives = reserve(work.receives, members * mine);
  for (int i = 0; i < members; ++i)
    if (i != group.index)
      post(work.requests, false, group.ranks[i], receives + i * mine, mine,
           tagOf(exchange));
  bool direct = parts.size() == 1;
  int64_t total = 0;
  for (int i = 0; i < members; ++i)
    total += slices.bytes(parts, i);
  char *sends = direct ? nullptr : reserve(work.sends, total);
  for (int i = 0; i < members; ++i) {
    char *at = i == group.index ? receives + i * mine : sends;
    char *block = at;
    for (const Part &part : parts) {
      int64_t width = elementBytes(part), bytes = slices.size(part, i) * width;
      const char *from = part.in + slices.begin(part, i) * width;
      if (direct && i != group.index)
        block = const_cast<char *>(from);
      else if (bytes)
        std::memcpy(at, from, bytes);
      at += pieceBytes(parts, bytes);
    }
    if (i == group.index)
      continue;
    post(work.requests, true, group.ranks[i], block, slices.bytes(parts, i),
         tagOf(exchange));
    if (!direct)
      sends = at;
  }
}

bool PlainCollectives::reduceSums(Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  const Group &group = groups[exchange.group];
  int members = group.size();
  Slices slices(parts, members);
  Work &work = workOf(exchange);
  int64_t mine = slices.bytes(parts, group.index), at = 0;
  char *sums = reserve(work.sums, mine);
  for (const Part &part : parts) {
    int64_t width = elementBytes(part);
    int64_t count = slices.size(part, group.index);
    for (int i = 0; i < members; ++i)
      inputs[i] = work.receives.data() + i * mine + at;
    char *out = part.out + slices.begin(part, group.index) * width;
    reduce(static_cast<vs_dtype>(part.op->dtype),
           static_cast<vs_reduction>(part.op->reduction), inputs.data(),
           members, out, count);
    if (!slices.isSmall() && count)
      std::memcpy(sums + at, out, count * width);
    at += pieceBytes(parts, count * width);
  }
  if (slices.isSmall())
    return true;
  // The first round's memory is free again.
  exchange.stage = Second;
  char *receives = reserve(work.receives, slices.bytes(parts, 0) *
                                              static_cast<int64_t>(members));
  for (int i = 0; i < members; ++i) {
    if (i == group.index)
      continue;
    int64_t bytes = slices.bytes(parts, i);
    bool direct = parts.size() == 1;
    const Part &first = parts.front();
    post(work.requests, false, group.ranks[i],
         direct ? first.out + slices.begin(first, i) * elementBytes(first)
                : receives,
         bytes, tagOf(exchange));
    receives += bytes;
  }
  for (int i = 0; i < members; ++i)
    if (i != group.index)
      post(work.requests, true, group.ranks[i], sums, mine, tagOf(exchange));
  return false;
}

/// What the others have reduced, into the results.
void PlainCollectives::takeSlices(const Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  const Group &group = groups[exchange.group];
  if (parts.size() == 1)
    return;
  Slices slices(parts, group.size());
  const char *at = workOf(exchange).receives.data();
  for (int i = 0; i < group.size(); ++i) {
    if (i == group.index)
      continue;
    for (const Part &part : parts) {
      int64_t width = elementBytes(part), bytes = slices.size(part, i) * width;
      if (bytes)
        std::memcpy(part.out + slices.begin(part, i) * width, at, bytes);
      at += pieceBytes(parts, bytes);
    }
  }
}

void PlainCollectives::beginPull(Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  const Group &group = groups[exchange.group];
  int members = group.size();
  Work &work = workOf(exchange);
  int64_t sendTotal = 0, receiveTotal = 0;
  for (int i = 0; i < members; ++i) {
    sendTotal += transferBytes(parts, members, group.index, i);
    receiveTotal += transferBytes(parts, members, i, group.index);
  }
  char *sends = reserve(work.sends, sendTotal);
  char *receives = reserve(work.receives, receiveTotal);
  char *own = nullptr;
  for (int i = 0; i < members; ++i) {
    int64_t bytes = transferBytes(parts, members, i, group.index);
    if (i == group.index)
      own = receives;
    else
      post(work.requests, false, group.ranks[i], receives, bytes,
           tagOf(exchange));
    receives += bytes;
  }
  for (int i = 0; i < members; ++i) {
    char *at = i == group.index ? own : sends, *block = at;
    for (const Part &part : parts) {
      Transfer t = transferOf(*part.op, members, group.index, i);
      packTransfer(t, part.in, at, elementBytes(part));
      at += pieceBytes(parts, t.elements() * elementBytes(part));
    }
    if (i == group.index)
      continue;
    post(work.requests, true, group.ranks[i], block, at - block,
         tagOf(exchange));
    sends = at;
  }
}

void PlainCollectives::takePulled(const Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  const Group &group = groups[exchange.group];
  int members = group.size();
  // Blocks of all members, behind each other; in each all parts.
  auto blockOf = [&](int member) {
    char *at = workOf(exchange).receives.data();
    for (int i = 0; i < member; ++i)
      at += transferBytes(parts, members, i, group.index);
    return at;
  };
  std::vector<char *> at(members);
  for (int i = 0; i < members; ++i)
    at[i] = blockOf(i);
  for (const Part &part : parts) {
    const vs_collective &op = *part.op;
    int64_t width = elementBytes(part);
    zeroPadding(op, members, group.index, part.out, width);
    Transfer own = transferOf(op, members, group.index, group.index);
    if (op.kind == VS_REDUCE_SCATTER && own.elements()) {
      // All blocks have one shape: reduce, then spread the rows.
      for (int i = 0; i < members; ++i)
        inputs[i] = at[i];
      reduce(static_cast<vs_dtype>(op.dtype),
             static_cast<vs_reduction>(op.reduction), inputs.data(), members,
             at[0], own.elements());
      unpackTransfer(own, at[0], part.out, width);
    }
    for (int i = 0; i < members; ++i) {
      Transfer t = transferOf(op, members, i, group.index);
      if (op.kind != VS_REDUCE_SCATTER)
        unpackTransfer(t, at[i], part.out, width);
      at[i] += pieceBytes(parts, t.elements() * width);
    }
  }
}

} // namespace vescale::runtime
