// Collectives over windows of shared memory: how exchanges go on.
#include "runtime/transport/Shared.h"

#include "runtime/core/DType.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/Reduce.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace vescale::runtime {
namespace {

constexpr int64_t page = 4096;

int64_t roundToPage(int64_t bytes) { return (bytes + page - 1) / page * page; }

int64_t roundToLine(int64_t bytes) { return (bytes + 63) / 64 * 64; }

} // namespace

WindowLayout WindowLayout::of(const TransportSetup &setup) {
  auto slots = static_cast<int64_t>(setup.groups.size() * Exchanges::depth);
  WindowLayout layout;
  layout.flags = page;
  layout.places = layout.flags +
                  roundToPage(static_cast<int64_t>(setup.groups.size()) * 64);
  layout.staging = layout.places + roundToPage(slots * setup.maxParts * 16);
  layout.bounce = layout.staging + slots * smallBytes;
  layout.comm = layout.bounce + roundToPage(setup.bounceBytes);
  layout.total = layout.comm + roundToPage(setup.commBytes);
  return layout;
}

SharedCollectives::SharedCollectives(int rank, std::vector<char *> windows,
                                     const TransportSetup &setup, PollFn poll)
    : Exchanges(rank, setup, std::move(poll)), windows(std::move(windows)),
      layout(WindowLayout::of(setup)), maxParts(setup.maxParts),
      bounceBytes(setup.bounceBytes) {
  mine = new (this->windows[rank]) RankStatus; // not all starts at zero
  inputs.resize(this->windows.size());
  outputs.resize(this->windows.size());
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

int64_t SharedCollectives::inputBytes(const Part &part) const {
  return inputElements(*part.op, groups[part.op->group].size()) *
         dtypeBytes(static_cast<vs_dtype>(part.op->dtype));
}

bool SharedCollectives::isSmall(const std::vector<Part> &parts) const {
  int64_t total = 0;
  for (const Part &part : parts)
    total += roundToLine(inputBytes(part));
  return total <= smallBytes;
}

int64_t SharedCollectives::windowOffset(const char *at, int64_t bytes) const {
  const char *window = windows[rank];
  bool inside =
      at >= window + layout.comm && at + bytes <= window + layout.total;
  return inside ? at - window : -1;
}

bool SharedCollectives::needsBounce(const Part &part) const {
  int64_t bytes = inputBytes(part);
  bool hidesIn = windowOffset(part.in, bytes) < 0;
  bool hidesOut = windowOffset(part.out, bytes) < 0;
  if (part.op->kind == VS_ALL_REDUCE)
    return hidesIn || hidesOut;
  return hidesIn && (part.op->kind != VS_ALL_GATHER || hidesOut);
}

//===----------------------------------------------------------------------===//
// Exchanges
//===----------------------------------------------------------------------===//

int SharedCollectives::behind(int group, std::atomic<uint64_t> Flags::*flag,
                              uint64_t sequence) {
  for (int member : groups[group].ranks)
    if (member != rank &&
        (flags(member, group).*flag).load(std::memory_order_acquire) < sequence)
      return member;
  return -1;
}

bool SharedCollectives::canStart(const std::vector<Part> &parts,
                                 uint64_t sequence) {
  // All have read the slot's last contents.
  if (sequence > depth &&
      behind(parts.front().op->group, &Flags::done, sequence - depth) >= 0)
    return false;
  if (isDone(bounceUser) || isSmall(parts))
    return true;
  return std::none_of(parts.begin(), parts.end(),
                      [&](const Part &part) { return needsBounce(part); });
}

void SharedCollectives::begin(Exchange &exchange) {
  const std::vector<Part> &parts = *exchange.parts;
  if (static_cast<int64_t>(parts.size()) > maxParts)
    fail(ExitCode::RunFailed, "an exchange has ", parts.size(),
         " parts, the transport was set up for ", maxParts);
  if (isSmall(parts)) {
    char *at = slot(rank, exchange);
    for (const Part &part : parts) {
      int64_t bytes = inputBytes(part);
      if (bytes)
        std::memcpy(at, part.in, bytes);
      at += roundToLine(bytes);
    }
  } else {
    beginLarge(exchange);
  }
  flags(rank, exchange.group)
      .ready.store(exchange.sequence, std::memory_order_release);
}

void SharedCollectives::beginLarge(Exchange &exchange) {
  Place *place = places(rank, exchange);
  int64_t bounced = 0;
  for (const Part &part : *exchange.parts) {
    int64_t bytes = inputBytes(part);
    int64_t outBytes = outputElements(*part.op, groups[exchange.group].size()) *
                       dtypeBytes(static_cast<vs_dtype>(part.op->dtype));
    *place = {windowOffset(part.in, bytes), windowOffset(part.out, outBytes)};
    if (part.op->kind == VS_ALL_GATHER && place->out >= 0)
      zeroPadding(*part.op, groups[exchange.group].size(),
                  groups[exchange.group].index, part.out,
                  dtypeBytes(static_cast<vs_dtype>(part.op->dtype)));
    if (needsBounce(part)) {
      if (bounced + bytes > bounceBytes)
        fail(ExitCode::RunFailed, "an exchange needs ", bounced + bytes,
             " bytes of the bounce buffer, which has ", bounceBytes);
      int64_t at = layout.bounce + bounced;
      if (place->in < 0) {
        std::memcpy(windows[rank] + at, part.in, bytes);
        place->in = at;
      }
      if (place->out < 0)
        place->out = at;
      bounced += roundToLine(bytes);
      bounceUser = {exchange.group, exchange.sequence};
    }
    ++place;
  }
}

Exchanges::State SharedCollectives::advance(Exchange &exchange) {
  uint64_t sequence = exchange.sequence;
  if (exchange.stage == Starting) {
    if (behind(exchange.group, &Flags::ready, sequence) >= 0)
      return State::Blocked;
    bool small = isSmall(*exchange.parts);
    small ? moveSmall(exchange) : moveLarge(exchange);
    flags(rank, exchange.group).done.store(sequence, std::memory_order_release);
    exchange.stage = small ? Ended : Moved;
  }
  if (exchange.stage == Moved) {
    if (behind(exchange.group, &Flags::done, sequence) >= 0)
      return State::Passed;
    copyBounced(exchange);
    exchange.stage = Ended;
  }
  return State::Done;
}

int SharedCollectives::waitsFor(const Exchange &exchange) {
  return behind(exchange.group,
                exchange.stage == Starting ? &Flags::ready : &Flags::done,
                exchange.sequence);
}

void SharedCollectives::moveSmall(const Exchange &exchange) {
  const Group &group = groups[exchange.group];
  int64_t at = 0;
  for (const Part &part : *exchange.parts) {
    const vs_collective &op = *part.op;
    for (int member = 0; member < group.size(); ++member)
      inputs[member] = slot(group.ranks[member], exchange) + at;
    if (op.kind == VS_ALL_REDUCE)
      reduce(static_cast<vs_dtype>(op.dtype),
             static_cast<vs_reduction>(op.reduction), inputs.data(),
             group.size(), part.out, op.count);
    else
      pull(part);
    at += roundToLine(inputBytes(part));
  }
}

void SharedCollectives::moveLarge(const Exchange &exchange) {
  const Group &group = groups[exchange.group];
  const Place *own = places(rank, exchange);
  for (size_t i = 0; i < exchange.parts->size(); ++i) {
    const Part &part = (*exchange.parts)[i];
    for (int member = 0; member < group.size(); ++member) {
      int at = group.ranks[member];
      Place theirs = places(at, exchange)[i];
      inputs[member] = windows[at] + theirs.in;
      outputs[member] = windows[at] + theirs.out;
    }
    if (part.op->kind == VS_ALL_REDUCE)
      reduceSlice(part);
    else if (part.op->kind == VS_ALL_GATHER && own[i].out >= layout.comm)
      push(part);
    else
      pull(part);
  }
}

/// Sums that could not be written where they belong.
void SharedCollectives::copyBounced(const Exchange &exchange) {
  const Place *place = places(rank, exchange);
  for (const Part &part : *exchange.parts) {
    if (part.op->kind == VS_ALL_REDUCE && place->out < layout.comm)
      std::memcpy(part.out, windows[rank] + place->out, inputBytes(part));
    ++place;
  }
}

//===----------------------------------------------------------------------===//
// What moves
//===----------------------------------------------------------------------===//

/// My shard to all outputs.
void SharedCollectives::push(const Part &part) {
  const Group &group = groups[part.op->group];
  int64_t bytes = dtypeBytes(static_cast<vs_dtype>(part.op->dtype));
  for (int i = 0; i < group.size(); ++i) {
    int to = (group.index + i) % group.size();
    copyTransfer(transferOf(*part.op, group.size(), group.index, to), part.in,
                 outputs[to], bytes);
  }
}

/// What is mine of all inputs, in everything but ALL_REDUCE.
void SharedCollectives::pull(const Part &part) {
  const vs_collective &op = *part.op;
  const Group &group = groups[op.group];
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int64_t bytes = dtypeBytes(dtype);
  zeroPadding(op, group.size(), group.index, part.out, bytes);
  if (op.kind != VS_REDUCE_SCATTER) {
    // Starting behind itself each member reads from a different one.
    for (int i = 0; i < group.size(); ++i) {
      int from = (group.index + i) % group.size();
      copyTransfer(transferOf(op, group.size(), from, group.index),
                   inputs[from], part.out, bytes);
    }
    return;
  }
  Transfer t = transferOf(op, group.size(), 0, group.index);
  if (t.elements() == 0)
    return;
  parallelRange(
      t.sizes[2], std::max<int64_t>(1, 65536 / t.sizes[3]),
      [&](int64_t lo, int64_t hi) {
        std::vector<const char *> rows(group.size());
        for (int64_t row = lo; row < hi; ++row) {
          for (int member = 0; member < group.size(); ++member)
            rows[member] =
                inputs[member] + (t.inOffset + row * t.inStrides[2]) * bytes;
          reduce(dtype, static_cast<vs_reduction>(op.reduction), rows.data(),
                 group.size(), part.out + row * t.outStrides[2] * bytes,
                 t.sizes[3]);
        }
      });
}

/// Reduces this member's slice of all inputs into all outputs.
void SharedCollectives::reduceSlice(const Part &part) {
  const vs_collective &op = *part.op;
  const Group &group = groups[op.group];
  int members = group.size();
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int64_t bytes = dtypeBytes(dtype);
  // Slices are cut at cache lines, so that no two ranks write one.
  int64_t unit = 64 / bytes;
  int64_t units = (op.count + unit - 1) / unit;
  int64_t from = units * group.index / members * unit;
  int64_t to = std::min(units * (group.index + 1) / members * unit, op.count);
  parallelRange(to - from, 32768, [&](int64_t lo, int64_t hi) {
    constexpr int64_t blockBytes = 16384;
    std::vector<const char *> in(members);
    int64_t block = blockBytes / bytes;
    for (int64_t at = from + lo; at < from + hi; at += block) {
      int64_t length = std::min(block, from + hi - at);
      for (int member = 0; member < members; ++member)
        in[member] = inputs[member] + at * bytes;
      char *own = outputs[group.index] + at * bytes;
      reduce(dtype, static_cast<vs_reduction>(op.reduction), in.data(), members,
             own, length);
      for (int member = 0; member < members; ++member)
        if (member != group.index)
          std::memcpy(outputs[member] + at * bytes, own, length * bytes);
    }
  });
}

} // namespace vescale::runtime
