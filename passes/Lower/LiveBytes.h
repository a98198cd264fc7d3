//===- LiveBytes.h - What an order of steps needs to live -------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_LIVEBYTES_H
#define VESCALE_PASSES_LOWER_LIVEBYTES_H

#include "passes/Lower/EntrySteps.h"

namespace vescale {

/// The most bytes that live at once in each space.
struct PeakBytes {
  int64_t arena = 0, comm = 0;

  PeakBytes max(const PeakBytes &other) const {
    return {std::max(arena, other.arena), std::max(comm, other.comm)};
  }
  bool fitsIn(const PeakBytes &other) const {
    return arena <= other.arena && comm <= other.comm;
  }
};

/// The buffers that only the steps of one entry use. Collectives are over at
/// once here.
class LiveBytes {
public:
  LiveBytes(rank::ProgramOp program, llvm::ArrayRef<Step> steps);

  /// What they need when the steps, by number, run in this order.
  PeakBytes peakOf(llvm::ArrayRef<int64_t> order) const;

private:
  struct Buffer {
    int64_t bytes;
    rank::Space space;
    bool isOutput; // lives to the end
  };
  llvm::SmallVector<Buffer> buffers;
  llvm::SmallVector<llvm::SmallVector<int64_t, 4>> used; // by step
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_LIVEBYTES_H
