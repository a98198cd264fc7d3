//===- CollectiveTime.cpp - How long devices exchange ---------------------===//
//
// Terms. A group of N devices spreads over the levels: M_l of its members lie
// in each block of level l (M of no level at all is 1), so it has n_l = M_l /
// M_{l-1} parts in such a block, and level l is crossed where n_l > 1. Where
// sizes don't divide, M_l is N by the number of blocks that the group touches
// in the worst place where it can begin. α_l and β_l are the latency and the
// bandwidth of one device over level l: the link's divided by who share it,
// since all groups of one form, and so all devices, are at it at once. A
// message that crosses a level crosses those inside it: α_l is the largest up
// to l, β_l the least.
//
// 1. A collective that was timed for the same spread is read off its curve.
// 2. Else, S the whole tensor's bytes:
//    all_gather, reduce_scatter   Σ_l ⌈log₂ n_l⌉·α_l + (N-1)/N · S / β
//    all_reduce                   twice that, one after the other
//    all_to_all                   the less of Σ_l (M_l - M_{l-1})·(α_l + S/N² /
//                                 β_l) and Σ_l ⌈log₂ n_l⌉·α_l + ⌈log₂ N⌉/2 ·
//                                 S/N / β_outermost
//    send                         α_l + S / β_l of the outermost crossed
//    with β = min over the crossed levels of M_{l-1}·β_l: the M_{l-1} members
//    in a part use their links side by side, each for its own share, and the
//    slowest level sets the pace of all, as chunks follow each other.
// docs/Reference/machine-file.md says where these come from.
//
//===----------------------------------------------------------------------===//

#include "vescale/CostModel/Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;
using namespace vescale;

int64_t DeviceGroup::size() const {
  int64_t size = 1;
  for (const Axis &axis : axes)
    size *= axis.size;
  return size;
}

int64_t DeviceGroup::span() const {
  int64_t last = 0;
  for (const Axis &axis : axes)
    last += (axis.size - 1) * axis.stride;
  return last + 1;
}

namespace {

/// How a group lies in the levels.
struct Spread {
  SmallVector<double, 6> members; // M_l

  double size() const { return members.empty() ? 1 : members.back(); }
  double inside(size_t level) const { return level ? members[level - 1] : 1; }
  double parts(size_t level) const { return members[level] / inside(level); }
  bool crosses(size_t level) const { return parts(level) > 1; }
  /// The outermost level that it crosses.
  size_t crossed() const {
    size_t level = members.size() - 1;
    while (level && !crosses(level))
      --level;
    return level;
  }
  bool operator==(const Spread &other) const {
    return members == other.members;
  }
};

/// A level as one device of the group has it.
struct Link {
  double latencyUs, bytesPerUs;
};

} // namespace

/// Blocks of `devices` that an axis touches, wherever it begins at a multiple
/// of its own length.
static int64_t blocksTouched(const DeviceGroup::Axis &axis, int64_t devices) {
  int64_t fit = std::max<int64_t>(devices / axis.stride, 1);
  int64_t worst = fit - std::gcd(axis.size, fit);
  return (worst + axis.size - 1) / fit + 1;
}

/// Axes that follow each other as one.
static SmallVector<DeviceGroup::Axis, 3>
merged(SmallVector<DeviceGroup::Axis, 3> axes) {
  llvm::sort(axes, [](auto &a, auto &b) { return a.stride < b.stride; });
  SmallVector<DeviceGroup::Axis, 3> result;
  for (const DeviceGroup::Axis &axis : axes) {
    if (axis.size == 1)
      continue;
    if (!result.empty() &&
        result.back().size * result.back().stride == axis.stride)
      result.back().size *= axis.size;
    else
      result.push_back(axis);
  }
  return result;
}

static Spread spreadOf(ArrayRef<DeviceGroup::Axis> axes,
                       ArrayRef<Level> levels) {
  double size = 1;
  for (const DeviceGroup::Axis &axis : axes)
    size *= axis.size;
  Spread spread;
  double blocks = size;
  for (const Level &level : levels) {
    double touched = 1;
    for (const DeviceGroup::Axis &axis : axes)
      touched *= blocksTouched(axis, level.devices);
    blocks = &level == &levels.back() ? 1 : std::min(blocks, touched);
    spread.members.push_back(size / blocks);
  }
  return spread;
}

static SmallVector<Link, 6> linksOf(const Machine &machine) {
  SmallVector<Link, 6> links;
  for (const Level &level : machine.levels) {
    Link link{level.latencyUs, level.bandwidth / level.sharedBy * 1e-6};
    if (!links.empty()) {
      link.latencyUs = std::max(link.latencyUs, links.back().latencyUs);
      link.bytesPerUs = std::min(link.bytesPerUs, links.back().bytesPerUs);
    }
    links.push_back(link);
  }
  return links;
}

/// Rounds of a tree over so many, of which some may be halves.
static double rounds(double parts) { return std::ceil(std::log2(parts)); }

namespace {

/// The formulas of the file's header.
class Formulas {
public:
  Formulas(const Machine &machine, const Spread &spread)
      : spread(spread), links(linksOf(machine)), size(spread.size()) {}

  double gather(double bytes) const {
    double pace = std::numeric_limits<double>::infinity();
    for (size_t level = 0; level < links.size(); ++level)
      if (spread.crosses(level))
        pace = std::min(pace, spread.inside(level) * links[level].bytesPerUs);
    return treeLatency() + (size - 1) / size * bytes / pace;
  }

  double allToAll(double bytes) const {
    double pairwise = 0;
    for (size_t level = 0; level < links.size(); ++level)
      pairwise += (spread.members[level] - spread.inside(level)) *
                  (links[level].latencyUs +
                   bytes / size / size / links[level].bytesPerUs);
    double bruck = treeLatency() + rounds(size) / 2 * bytes / size /
                                       links[spread.crossed()].bytesPerUs;
    return std::min(pairwise, bruck);
  }

  double send(double bytes) const {
    const Link &link = links[spread.crossed()];
    return link.latencyUs + bytes / link.bytesPerUs;
  }

private:
  double treeLatency() const {
    double sum = 0;
    for (size_t level = 0; level < links.size(); ++level)
      sum += rounds(spread.parts(level)) * links[level].latencyUs;
    return sum;
  }
  const Spread &spread;
  SmallVector<Link, 6> links;
  double size;
};

} // namespace

/// Between its points a curve is lines, raised where a larger size took less
/// time. Before the first point and beyond the last the line goes on, but no
/// byte gets slower before the first, nor free beyond the last.
static double readOff(const CollectiveCurve &curve, double bytes) {
  ArrayRef<CollectiveCurve::Point> points = curve.points;
  size_t next = 1;
  double usBefore = points[0].us, us = std::max(usBefore, points[1].us);
  while (points[next].bytes < bytes && next + 1 < points.size()) {
    usBefore = us;
    us = std::max(us, points[++next].us);
  }
  double from = points[next - 1].bytes, to = points[next].bytes;
  double perByte = (us - usBefore) / (to - from);
  if (bytes > to)
    return us + (bytes - to) * (perByte > 0 ? perByte : us / to);
  double line = usBefore + (bytes - from) * perByte;
  return bytes < from ? std::max(line, usBefore * bytes / from) : line;
}

/// How well a curve stands for a group; 0: not at all.
static int likeness(const CollectiveCurve &curve, const Machine &machine,
                    ArrayRef<DeviceGroup::Axis> axes, const Spread &spread) {
  bool isSend = curve.kind == Collective::Send;
  if (!isSend && curve.ranks != spread.size())
    return 0;
  Spread measured =
      spreadOf(DeviceGroup::Axis{curve.ranks, curve.stride}, machine.levels);
  if (measured == spread)
    return axes.size() == 1 && axes[0].stride == curve.stride ? 3 : 2;
  // A message takes the same way in every group that crosses the same level.
  return isSend && measured.crossed() == spread.crossed();
}

static const CollectiveCurve *findCurve(const Machine &machine, Collective kind,
                                        ArrayRef<DeviceGroup::Axis> axes,
                                        const Spread &spread) {
  const CollectiveCurve *found = nullptr;
  int best = 0;
  for (const CollectiveCurve &curve : machine.collectives)
    if (curve.kind == kind)
      if (int like = likeness(curve, machine, axes, spread); like > best) {
        found = &curve;
        best = like;
      }
  return found;
}

double Machine::collectiveTime(Collective kind, int64_t bytes,
                               const DeviceGroup &group) const {
  if (bytes <= 0 || group.size() <= 1 || levels.empty())
    return 0;
  SmallVector<DeviceGroup::Axis, 3> axes = merged(group.axes);
  Spread spread = spreadOf(axes, levels);
  if (const CollectiveCurve *curve = findCurve(*this, kind, axes, spread))
    return slowdown * readOff(*curve, bytes);
  Formulas formulas(*this, spread);
  switch (kind) {
  case Collective::AllReduce:
    return slowdown * 2 * formulas.gather(bytes);
  case Collective::AllGather:
  case Collective::ReduceScatter:
    return slowdown * formulas.gather(bytes);
  case Collective::AllToAll:
    return slowdown * formulas.allToAll(bytes);
  case Collective::Send:
    return slowdown * formulas.send(bytes);
  }
  return 0;
}
