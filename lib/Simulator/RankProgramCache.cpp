//===- RankProgramCache.cpp - Which bytes come from memory ------*- C++ -*-===//

#include "lib/Simulator/RankProgramCache.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using namespace vescale::simulator;

// A cache of so many blocks tells apart working sets well enough; smaller ones
// than a page are no use.
constexpr int64_t blocksOfCache = 512, smallestBlock = 4096;
// Spaces and regions lie so far apart.
constexpr int regionBits = 44;

Cache::Cache(const Device &device)
    : blockBytes(std::max(device.cacheBytes / blocksOfCache, smallestBlock)),
      numBlocks(device.cacheBytes / static_cast<int64_t>(blockBytes)),
      keepsUs(device.cacheKeepsUs) {}

double Cache::touchBlock(uint64_t block, double nowUs) {
  auto found = places.find(block);
  double part = 0;
  if (found == places.end()) {
    order.push_front(block);
  } else {
    order.splice(order.begin(), order, found->second.inOrder);
    double age = nowUs - found->second.touchedUs;
    part = keepsUs > 0 ? std::exp(-age / keepsUs) : 1;
  }
  places[block] = {order.begin(), nowUs};
  if (order.size() > numBlocks) {
    places.erase(order.back());
    order.pop_back();
  }
  return part;
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

Traffic Cache::touch(ArrayRef<Access> accesses, double nowUs) {
  Traffic traffic;
  for (const Access &access : accesses) {
    if (access.bytes <= 0)
      continue;
    uint64_t begin = addressOf(access.buffer), end = begin + access.bytes;
    for (uint64_t at = begin; at < end;) {
      uint64_t next = std::min(end, (at / blockBytes + 1) * blockBytes);
      auto bytes = static_cast<double>(next - at);
      double inCache = bytes * touchBlock(at / blockBytes, nowUs);
      traffic.cacheBytes += inCache;
      traffic.memoryBytes += bytes - inCache;
      at = next;
    }
  }
  return traffic;
}
