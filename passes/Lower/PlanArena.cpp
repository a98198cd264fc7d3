//===- PlanArena.cpp - Offsets of buffers -----------------------*- C++ -*-===//
#include "passes/Lower/ArenaLayout.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace vescale {
#define GEN_PASS_DEF_PLANARENA
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

/// Places the buffers of one space and returns its size.
int64_t place(ArrayRef<Lifetime> lifetimes, Space space) {
  ArenaLayout layout = layOutArena(lifetimes, space);
  for (const ArenaLayout::Placed &entry : layout.placed) {
    Operation *buffer = entry.lifetime->buffer;
    buffer->setAttr(
        "offset",
        Builder(buffer->getContext()).getI64IntegerAttr(entry.offset));
  }
  return layout.size;
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
