// Mesh coordinates and shard arithmetic.
#include "runtime/core/Layout.h"

#include <algorithm>

namespace vescale::runtime {

int64_t Mesh::size() const {
  int64_t size = 1;
  for (const auto &axis : axes)
    size *= axis.second;
  return size;
}

int64_t Mesh::coordinate(int64_t rank, size_t axis) const {
  for (size_t i = axes.size(); i-- > axis + 1;)
    rank /= axes[i].second;
  return rank % axes[axis].second;
}

std::string Mesh::text() const {
  std::string text;
  for (const auto &axis : axes)
    text += (text.empty() ? "" : ",") + axis.first + "=" +
            std::to_string(axis.second);
  return text.empty() ? "none" : text;
}

int64_t Shard::localElements() const {
  int64_t count = 1;
  for (int64_t size : local)
    count *= size;
  return count;
}

bool Shard::empty() const {
  return std::any_of(valid.begin(), valid.end(),
                     [](int64_t size) { return size == 0; });
}

int64_t digitOf(const Mesh &mesh, int64_t rank, const AxisRef &ref) {
  int64_t rest = mesh.axes[ref.axis].second / (ref.pre * ref.size);
  return mesh.coordinate(rank, ref.axis) / rest % ref.size;
}

int64_t shardCount(const std::vector<AxisRef> &axes) {
  int64_t count = 1;
  for (const AxisRef &ref : axes)
    count *= ref.size;
  return count;
}

Shard shardOf(const std::vector<int64_t> &shape, const Layout &layout,
              const Mesh &mesh, int64_t rank) {
  Shard shard;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    int64_t index = 0, count = 1;
    if (dim < layout.dims.size())
      for (const AxisRef &ref : layout.dims[dim]) {
        index = index * ref.size + digitOf(mesh, rank, ref);
        count *= ref.size;
      }
    int64_t local = (shape[dim] + count - 1) / count;
    int64_t start = std::min(index * local, shape[dim]);
    shard.start.push_back(start);
    shard.valid.push_back(std::min(local, shape[dim] - start));
    shard.local.push_back(local);
  }
  return shard;
}

bool isFirstReplica(const Layout &layout, const Mesh &mesh, int64_t rank) {
  // The coordinates that remain when every digit the layout does not use is
  // zero; the first replica is the rank that has them.
  std::vector<int64_t> used(mesh.axes.size(), 0);
  for (const auto &axes : layout.dims)
    for (const AxisRef &ref : axes)
      used[ref.axis] += digitOf(mesh, rank, ref) *
                        (mesh.axes[ref.axis].second / (ref.pre * ref.size));
  for (size_t axis = 0; axis < used.size(); ++axis)
    if (used[axis] != mesh.coordinate(rank, axis))
      return false;
  return true;
}

} // namespace vescale::runtime
