// Collectives over windows of shared memory.
#include "runtime/transport/Shared.h"

#include "runtime/core/DType.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/Reduce.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace vescale::runtime {
namespace {

constexpr int64_t page = 4096;

int64_t roundToPage(int64_t bytes) { return (bytes + page - 1) / page * page; }

void pause() { __builtin_ia32_pause(); }

} // namespace

WindowLayout WindowLayout::of(const TransportSetup &setup) {
  int64_t groups = static_cast<int64_t>(setup.groups.size());
  WindowLayout layout;
  layout.flags = page;
  layout.staging = layout.flags + roundToPage(groups * 64);
  layout.bounce = layout.staging + groups * 2 * smallBytes;
  layout.comm = layout.bounce + roundToPage(setup.bounceBytes);
  layout.total = layout.comm + roundToPage(setup.commBytes);
  return layout;
}

SharedCollectives::SharedCollectives(int rank, std::vector<char *> windows,
                                     const TransportSetup &setup, PollFn poll)
    : rank(rank), windows(std::move(windows)), layout(WindowLayout::of(setup)),
      sequences(setup.groups.size(), 0), yield(setup.yield),
      poll(std::move(poll)) {
  for (const vs_group &group : setup.groups)
    groups.push_back(groupOf(group, rank));
  new (this->windows[rank]) RankStatus; // its members don't all start at zero
}

template <typename Done> void SharedCollectives::wait(int peer, Done done) {
  // Spinning for some microseconds is cheaper than a system call; beyond that
  // the core may be needed by the very rank that is waited for.
  for (int spin = yield ? 4000 : 0; spin < 4000; ++spin) {
    if (done())
      return;
    pause();
  }
  status(rank)->waitingOn.store(peer, std::memory_order_relaxed);
  for (int64_t turn = 0; !done(); ++turn) {
    if (yield || turn % 64 == 63) {
      sched_yield();
    } else {
      for (int i = 0; i < 32; ++i)
        pause();
    }
    if (turn % 256 == 255)
      poll();
    if (turn > 1 << 20)
      usleep(50);
  }
  status(rank)->waitingOn.store(-1, std::memory_order_relaxed);
}

bool SharedCollectives::inWindow(const char *at, int64_t bytes) const {
  return at >= windows[rank] + layout.bounce &&
         at + bytes <= windows[rank] + layout.total;
}

void SharedCollectives::waitReady(int group, uint64_t sequence) {
  for (int member : groups[group].ranks)
    if (member != rank)
      wait(member, [&] {
        return flags(member, group).ready.load(std::memory_order_acquire) >=
               sequence;
      });
}

void SharedCollectives::waitDone(int group, uint64_t sequence) {
  for (int member : groups[group].ranks)
    if (member != rank)
      wait(member, [&] {
        return flags(member, group).done.load(std::memory_order_acquire) >=
               sequence;
      });
}

void SharedCollectives::run(const vs_collective &op, const char *in,
                            char *out) {
  const Group &group = groups[op.group];
  int64_t bytes = dtypeBytes(static_cast<vs_dtype>(op.dtype));
  int64_t inBytes = inputElements(op, group.size()) * bytes;
  if (group.size() == 1) {
    if (op.kind == VS_ALL_REDUCE) {
      if (in != out)
        std::memcpy(out, in, inBytes);
      return;
    }
    const char *inputs[] = {in};
    return gather(op, inputs, out);
  }
  uint64_t sequence = ++sequences[op.group];
  if (inBytes <= smallBytes)
    runSmall(op, in, out, inBytes, sequence);
  else
    runLarge(op, in, out, inBytes, sequence);
}

/// Everything but ALL_REDUCE, given all members' inputs.
void SharedCollectives::gather(const vs_collective &op,
                               const char *const *inputs, char *out) {
  const Group &group = groups[op.group];
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int64_t bytes = dtypeBytes(dtype);
  zeroPadding(op, group.size(), group.index, out, bytes);
  if (op.kind != VS_REDUCE_SCATTER) {
    // Starting behind itself each member reads from a different one.
    for (int i = 0; i < group.size(); ++i) {
      int from = (group.index + i) % group.size();
      copyTransfer(transferOf(op, group.size(), from, group.index),
                   inputs[from], out, bytes);
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
                 group.size(), out + row * t.outStrides[2] * bytes, t.sizes[3]);
        }
      });
}

void SharedCollectives::runSmall(const vs_collective &op, const char *in,
                                 char *out, int64_t inBytes,
                                 uint64_t sequence) {
  const Group &group = groups[op.group];
  if (inBytes)
    std::memcpy(slot(rank, op.group, sequence), in, inBytes);
  flags(rank, op.group).ready.store(sequence, std::memory_order_release);
  waitReady(op.group, sequence);
  const char *few[16];
  std::vector<const char *> many;
  const char **inputs = few;
  if (group.size() > 16) {
    many.resize(group.size());
    inputs = many.data();
  }
  for (int member = 0; member < group.size(); ++member)
    inputs[member] = slot(group.ranks[member], op.group, sequence);
  if (op.kind == VS_ALL_REDUCE)
    reduce(static_cast<vs_dtype>(op.dtype),
           static_cast<vs_reduction>(op.reduction), inputs, group.size(), out,
           op.count);
  else
    gather(op, inputs, out);
}

void SharedCollectives::runLarge(const vs_collective &op, const char *in,
                                 char *out, int64_t inBytes,
                                 uint64_t sequence) {
  const Group &group = groups[op.group];
  bool reducing = op.kind == VS_ALL_REDUCE;
  const char *visibleIn = in;
  char *visibleOut = out;
  if (!inWindow(in, inBytes)) {
    char *bounce = windows[rank] + layout.bounce;
    std::memcpy(bounce, in, inBytes);
    visibleIn = bounce;
  }
  if (reducing && !inWindow(out, inBytes))
    visibleOut = const_cast<char *>(
        visibleIn == in ? windows[rank] + layout.bounce : visibleIn);
  Flags &mine = flags(rank, op.group);
  mine.in.store(visibleIn - windows[rank], std::memory_order_relaxed);
  mine.out.store(visibleOut - windows[rank], std::memory_order_relaxed);
  mine.ready.store(sequence, std::memory_order_release);
  waitReady(op.group, sequence);

  std::vector<const char *> inputs(group.size());
  std::vector<char *> outputs(group.size());
  for (int member = 0; member < group.size(); ++member) {
    int at = group.ranks[member];
    Flags &theirs = flags(at, op.group);
    inputs[member] = windows[at] + theirs.in.load(std::memory_order_relaxed);
    outputs[member] = windows[at] + theirs.out.load(std::memory_order_relaxed);
  }
  if (reducing)
    reduceSlice(op, inputs.data(), outputs.data());
  else
    gather(op, inputs.data(), out);
  mine.done.store(sequence, std::memory_order_release);
  waitDone(op.group, sequence);
  if (reducing && visibleOut != out)
    std::memcpy(out, visibleOut, inBytes);
}

/// Reduces this member's slice of all inputs into all outputs.
void SharedCollectives::reduceSlice(const vs_collective &op,
                                    const char *const *inputs,
                                    char *const *outputs) {
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
