//===- RankProgramCache.h - Which bytes come from memory --------*- C++ -*-===//
//
// A cache that keeps what was touched last, played over the places of buffers
// in the arena: buffers that share bytes share what is in the cache. Where the
// cache is shared with others, it loses what is not touched with time as well.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H
#define VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H

#include "lib/Simulator/RankProgramWork.h"
#include "vescale/CostModel/Machine.h"
#include <list>

namespace vescale::simulator {

struct Traffic {
  double memoryBytes = 0, cacheBytes = 0;
};

class Cache {
public:
  explicit Cache(const Device &device);

  /// Where the bytes of these accesses come from, one after the other, at a
  /// time that never goes back.
  Traffic touch(llvm::ArrayRef<Access> accesses, double nowUs);

private:
  struct Place {
    std::list<uint64_t>::iterator inOrder;
    double touchedUs;
  };
  /// The part of the block that is in the cache; all of it is from now on.
  double touchBlock(uint64_t block, double nowUs);
  uint64_t addressOf(mlir::Value buffer);

  uint64_t blockBytes;
  size_t numBlocks;
  double keepsUs;            // 0: for ever
  std::list<uint64_t> order; // latest first
  llvm::DenseMap<uint64_t, Place> places;
  /// Of what lies in no arena: constants, and parameters in their files.
  llvm::DenseMap<mlir::Operation *, uint64_t> regions;
};

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H
