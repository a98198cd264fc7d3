//===- ArenaLayout.h - Offsets of buffers -----------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_ARENALAYOUT_H
#define VESCALE_PASSES_LOWER_ARENALAYOUT_H

#include "dialects/Rank/Rank.h"

namespace vescale {

/// Where buffers of one space lie.
struct ArenaLayout {
  struct Placed {
    int64_t offset, end;
    const rank::Lifetime *lifetime;
  };
  llvm::SmallVector<Placed> placed; // by offset
  int64_t size = 0;
};

/// The lifetimes stay where they are while the layout is in use.
ArenaLayout layOutArena(llvm::ArrayRef<rank::Lifetime> lifetimes,
                        rank::Space space);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_ARENALAYOUT_H
