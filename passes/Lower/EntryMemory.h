//===- EntryMemory.h - The memory that an order needs -----------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_ENTRYMEMORY_H
#define VESCALE_PASSES_LOWER_ENTRYMEMORY_H

#include "passes/Lower/EntrySteps.h"

namespace vescale {

/// The sizes of the spaces.
struct SpaceBytes {
  int64_t arena = 0, comm = 0;

  bool fitsIn(const SpaceBytes &other) const {
    return arena <= other.arena && comm <= other.comm;
  }
};

/// The memory of an entry whose steps come in another order.
class EntryMemory {
public:
  EntryMemory(rank::ProgramOp program, const EntrySteps &entry);

  /// What the entry needs with all buffers in their places. `touched` has the
  /// numbers of the entry's steps in their order, each collective twice: where
  /// it starts and where it is over.
  SpaceBytes layOut(llvm::ArrayRef<int64_t> touched) const;

private:
  llvm::SmallVector<rank::Lifetime> given; // of what lives during the entry
  struct Buffer {
    int64_t number; // among the given
    bool isOutput;  // lives to the end
  };
  llvm::SmallVector<Buffer> own; // those that only this entry uses
  llvm::SmallVector<llvm::SmallVector<int64_t, 4>> used; // of own, by step
  int64_t begin = 0; // the number of the entry's first step in the program
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_ENTRYMEMORY_H
