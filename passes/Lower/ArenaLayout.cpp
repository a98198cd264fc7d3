//===- ArenaLayout.cpp - Offsets of buffers ---------------------*- C++ -*-===//
//
// Largest buffers first; each goes into the smallest gap that is large enough
// among the buffers placed before it that live at the same time, or behind them
// (greedy by size with best fit: Pisarchyk and Lee, Efficient Memory Management
// for Deep Neural Net Inference, 2020, section 5). Ties go by program order, so
// that the layout depends on the program alone.
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/ArenaLayout.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace {

using Placed = ArenaLayout::Placed;

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

} // namespace

ArenaLayout vescale::layOutArena(ArrayRef<Lifetime> lifetimes, Space space) {
  constexpr int64_t alignment = 64;
  SmallVector<const Lifetime *> order;
  for (const Lifetime &lifetime : lifetimes)
    if (spaceOf(lifetime) == space)
      order.push_back(&lifetime);
  // All lie in one array, in program order.
  llvm::sort(order, [](const Lifetime *a, const Lifetime *b) {
    return std::tie(b->bytes, a) < std::tie(a->bytes, b);
  });
  ArenaLayout layout;
  for (const Lifetime *lifetime : order) {
    int64_t bytes =
        llvm::alignTo(std::max<int64_t>(lifetime->bytes, 1), alignment);
    int64_t offset = findOffset(layout.placed, *lifetime, bytes);
    Placed entry{offset, offset + bytes, lifetime};
    layout.placed.insert(
        llvm::upper_bound(layout.placed, entry,
                          [](const Placed &a, const Placed &b) {
                            return a.offset < b.offset;
                          }),
        entry);
    layout.size = std::max(layout.size, entry.end);
  }
  return layout;
}
