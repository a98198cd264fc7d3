// Which block of a global tensor a rank of the mesh holds.
#ifndef VESCALE_RUNTIME_CORE_LAYOUT_H
#define VESCALE_RUNTIME_CORE_LAYOUT_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vescale::runtime {

/// Named axes, slowest first: a rank is the row-major index of its coordinates.
struct Mesh {
  std::vector<std::pair<std::string, int64_t>> axes;

  int64_t size() const;
  int64_t coordinate(int64_t rank, size_t axis) const;
  std::string text() const; // "dp=2,tp=2"
};

/// One digit of a mesh axis: the axis of size n seen as pre × size × rest,
/// major to minor, of which `size` is used. A whole axis has pre = 1, size = n.
struct AxisRef {
  size_t axis;
  int64_t pre, size;
};

/// For each dimension the axes that shard it, major to minor.
struct Layout {
  std::vector<std::vector<AxisRef>> dims;
};

/// This rank's block: along each dimension elements [start, start + valid) of
/// the global tensor, at the front of a local buffer of `local` elements.
struct Shard {
  std::vector<int64_t> start, valid, local;

  int64_t localElements() const;
  bool empty() const;
};

int64_t digitOf(const Mesh &mesh, int64_t rank, const AxisRef &ref);
int64_t shardCount(const std::vector<AxisRef> &axes);
Shard shardOf(const std::vector<int64_t> &shape, const Layout &layout,
              const Mesh &mesh, int64_t rank);

/// Of the ranks that hold the same block, is this the one that contributes it?
bool isFirstReplica(const Layout &layout, const Mesh &mesh, int64_t rank);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_LAYOUT_H
