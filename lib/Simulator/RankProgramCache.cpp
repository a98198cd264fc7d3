//===- RankProgramCache.cpp - Which bytes come from memory ------*- C++ -*-===//

#include "lib/Simulator/RankProgramCache.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using namespace vescale::simulator;

// A cache of so many blocks tells apart working sets well enough; smaller ones
// than a page are no use.
constexpr int64_t blocksOfCache = 512, smallestBlock = 4096;
// Spaces and regions lie so far apart.
constexpr int regionBits = 44;

Cache::Cache(int64_t bytes)
    : blockBytes(std::max(bytes / blocksOfCache, smallestBlock)),
      numBlocks(bytes / static_cast<int64_t>(blockBytes)) {}

bool Cache::touchBlock(uint64_t block) {
  auto found = places.find(block);
  bool isHit = found != places.end();
  if (isHit)
    order.splice(order.begin(), order, found->second);
  else
    order.push_front(block);
  places[block] = order.begin();
  if (order.size() > numBlocks) {
    places.erase(order.back());
    order.pop_back();
  }
  return isHit;
}

uint64_t Cache::addressOf(Value buffer) {
  Operation *base = baseOf(buffer).getDefiningOp();
  if (auto op = dyn_cast<BufferOp>(base); op && op.getOffset())
    return (uint64_t(op.getSpace()) << regionBits) + *op.getOffset();
  if (auto op = dyn_cast<ParameterOp>(base); op && op.getOffset())
    return (uint64_t(Space::Arena) << regionBits) + *op.getOffset();
  constexpr uint64_t spaces = 2;
  uint64_t region = regions.try_emplace(base, regions.size()).first->second;
  return (region + spaces) << regionBits;
}

Traffic Cache::touch(ArrayRef<Access> accesses) {
  Traffic traffic;
  for (const Access &access : accesses) {
    if (access.bytes <= 0)
      continue;
    uint64_t begin = addressOf(access.buffer), end = begin + access.bytes;
    for (uint64_t at = begin; at < end;) {
      uint64_t next = std::min(end, (at / blockBytes + 1) * blockBytes);
      (touchBlock(at / blockBytes) ? traffic.cacheBytes
                                   : traffic.memoryBytes) +=
          static_cast<double>(next - at);
      at = next;
    }
  }
  return traffic;
}
