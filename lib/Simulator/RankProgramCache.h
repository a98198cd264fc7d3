//===- RankProgramCache.h - Which bytes come from memory --------*- C++ -*-===//
//
// A cache that keeps what was touched last, played over the places of buffers
// in the arena: buffers that share bytes share what is in the cache.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H
#define VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H

#include "lib/Simulator/RankProgramWork.h"
#include <list>

namespace vescale::simulator {

struct Traffic {
  double memoryBytes = 0, cacheBytes = 0;
};

class Cache {
public:
  explicit Cache(int64_t bytes);

  /// Where the bytes of these accesses come from, one after the other.
  Traffic touch(llvm::ArrayRef<Access> accesses);

private:
  /// Whether the block was in the cache; it is from now on.
  bool touchBlock(uint64_t block);
  uint64_t addressOf(mlir::Value buffer);

  uint64_t blockBytes;
  size_t numBlocks;
  std::list<uint64_t> order; // latest first
  llvm::DenseMap<uint64_t, std::list<uint64_t>::iterator> places;
  /// Of what lies in no arena: constants, and parameters in their files.
  llvm::DenseMap<mlir::Operation *, uint64_t> regions;
};

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKPROGRAMCACHE_H
