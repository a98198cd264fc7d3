//===- PlanArena.cpp - Offsets of buffers -----------------------*- C++ -*-===//
//
// Largest buffers first; each goes into the smallest gap that is large enough
// among the buffers placed before it that live at the same time, or behind them
// (greedy by size with best fit: Pisarchyk and Lee, Efficient Memory Management
// for Deep Neural Net Inference, 2020, section 5). Ties go by program order, so
// that the layout depends on the program alone.
//
//===----------------------------------------------------------------------===//
#include "dialects/Rank/Rank.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace vescale {
#define GEN_PASS_DEF_PLANARENA
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

constexpr int64_t alignment = 64;

struct Placed {
  int64_t offset, end;
  const Lifetime *lifetime;
};

int64_t findOffset(ArrayRef<Placed> placed, const Lifetime &lifetime,
                   int64_t bytes) {
  // `placed` is sorted by offset.
  int64_t best = -1, bestGap = std::numeric_limits<int64_t>::max(), end = 0;
  for (const Placed &other : placed) {
    if (other.lifetime->last < lifetime.first ||
        other.lifetime->first > lifetime.last)
      continue;
    int64_t gap = other.offset - end;
    if (gap >= bytes && gap < bestGap) {
      best = end;
      bestGap = gap;
    }
    end = std::max(end, other.end);
  }
  return best < 0 ? end : best;
}

Space spaceOf(const Lifetime &lifetime) {
  auto buffer = dyn_cast<BufferOp>(lifetime.buffer);
  return buffer ? buffer.getSpace() : Space::Arena;
}

/// Places the buffers of one space and returns its size.
int64_t place(ArrayRef<Lifetime> lifetimes, Space space) {
  SmallVector<const Lifetime *> order;
  for (const Lifetime &lifetime : lifetimes)
    if (spaceOf(lifetime) == space)
      order.push_back(&lifetime);
  // All lie in one array, in program order.
  llvm::sort(order, [](const Lifetime *a, const Lifetime *b) {
    return std::tie(b->bytes, a) < std::tie(a->bytes, b);
  });
  SmallVector<Placed> placed;
  int64_t size = 0;
  for (const Lifetime *lifetime : order) {
    int64_t bytes =
        llvm::alignTo(std::max<int64_t>(lifetime->bytes, 1), alignment);
    int64_t offset = findOffset(placed, *lifetime, bytes);
    Placed entry{offset, offset + bytes, lifetime};
    placed.insert(llvm::upper_bound(placed, entry,
                                    [](const Placed &a, const Placed &b) {
                                      return a.offset < b.offset;
                                    }),
                  entry);
    size = std::max(size, entry.end);
    Builder builder(lifetime->buffer->getContext());
    lifetime->buffer->setAttr("offset", builder.getI64IntegerAttr(offset));
  }
  return size;
}

int64_t largestLive(ArrayRef<Lifetime> lifetimes) {
  std::map<int64_t, int64_t> changes;
  for (const Lifetime &lifetime : lifetimes) {
    changes[lifetime.first] += lifetime.bytes;
    changes[lifetime.last + 1] -= lifetime.bytes;
  }
  int64_t live = 0, largest = 0;
  for (auto [step, change] : changes)
    largest = std::max(largest, live += change);
  return largest;
}

struct PlanArena : vescale::impl::PlanArenaBase<PlanArena> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOp>()) {
      SmallVector<Lifetime> lifetimes = computeLifetimes(program);
      int64_t arena = place(lifetimes, Space::Arena);
      int64_t comm = place(lifetimes, Space::Comm);
      program.setArenaBytes(arena);
      program.setCommBytes(comm);
      arenaBytes += arena + comm;
      liveBytes += largestLive(lifetimes);
    }
  }
};
} // namespace
