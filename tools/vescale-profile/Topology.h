//===- Topology.h - The cores of this machine -------------------*- C++ -*-===//
#ifndef VESCALE_TOOLS_VESCALE_PROFILE_TOPOLOGY_H
#define VESCALE_TOOLS_VESCALE_PROFILE_TOPOLOGY_H

#include <cstdint>

namespace vescale {

/// Of the cores that this process may run on; in groups of equal size, or 0
/// where they are not or the machine does not tell.
struct Topology {
  int64_t cores = 1;
  int64_t coresOfComplex = 0; ///< That share a last-level cache.
  int64_t coresOfSocket = 0;
  int64_t privateCacheBytes = 0; ///< The largest cache that a core has alone.
  int64_t sharedCacheBytes = 0;  ///< Of a complex.
};

Topology readTopology();

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_PROFILE_TOPOLOGY_H
