//===- Machine.h - What a cluster can do ------------------------*- C++ -*-===//
//
// The machine file (docs/Reference/machine-file.md) and the times that follow
// from it. The only source of constants for costs, planner and simulator; free
// of models and IR. Times in microseconds, sizes in bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_COSTMODEL_MACHINE_H
#define VESCALE_COSTMODEL_MACHINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vescale {

/// One product that was timed: batch times m×k by k×n.
struct GemmSample {
  int64_t batch = 1, m, n, k;
  double us;
};

/// What one rank computes with: an accelerator, or some cores.
struct Device {
  std::string name;
  int64_t threads = 0; ///< Cores of a rank; 0 for an accelerator.
  int64_t memoryBytes = 0;
  /// Operations per second of dense products at the best, by element type
  /// ("f32", "bf16"); a multiply-add is two.
  std::map<std::string, double> peakFlops;
  /// By element type; shapes between are interpolated. Empty: the peak times
  /// `gemmEfficiency`.
  std::map<std::string, std::vector<GemmSample>> gemms;
  double gemmEfficiency = 1;
  /// Of the peak, that the products inside a call of attention reach.
  double attentionEfficiency = 1;
  /// Operations per second of all that is no dense product.
  double vectorFlops = 0;
  /// Bytes per second read and written, all ranks of the node at work.
  double memoryBandwidth = 0;
  /// Where what fits into so many bytes is read and written faster.
  int64_t cacheBytes = 0;
  double cacheBandwidth = 0;
  /// Of what is in the cache, the part that is still there after t is
  /// exp(-t / cacheKeepsUs), whatever else the rank does: others share it. 0:
  /// all of it.
  double cacheKeepsUs = 0;
  /// What a product's operands and result add for their bytes from memory,
  /// beside its time with all of them in the cache. 0: they come meanwhile.
  double productBandwidth = 0;
  /// At which an epilogue's buffers come from memory, box by box. 0: as all
  /// else does.
  double epilogueBandwidth = 0;
  double launchUs = 0; ///< Of a kernel or library call.
};

/// Devices that reach each other alike: a core complex, a node, a rail, a pod.
struct Level {
  std::string name;
  /// In one group of this level: whole groups of the one inside, except that
  /// the last level may end with a part of one.
  int64_t devices;
  double latencyUs; ///< Of one message between two of its parts.
  double bandwidth; ///< Bytes per second from one device, one way.
  /// How many devices share one such link: their bandwidths are parts of it.
  int64_t sharedBy = 1;
};

enum class Collective { AllReduce, AllGather, ReduceScatter, AllToAll, Send };

/// "all_reduce", …: in the order of Collective.
llvm::ArrayRef<llvm::StringRef> collectiveNames();

/// A collective that was timed.
struct CollectiveCurve {
  struct Point {
    /// Of the whole tensor: gathered, or before it is scattered; of AllToAll
    /// all members' parts together, of Send the message.
    int64_t bytes;
    double us;
  };
  Collective kind;
  std::string level; ///< The innermost that holds the whole group.
  int64_t ranks;
  int64_t stride = 1;        ///< Between neighbours in the group.
  std::vector<Point> points; ///< By size.
};

/// How much longer work takes while it goes on beside the other's.
struct OverlapCost {
  double compute = 1, communication = 1;
  /// The part of a collective's time in which the rank's own cores are busy
  /// with it: 0 for an accelerator's copy engines, 1 for ranks without a spare
  /// core.
  double coreShare = 0;
};

/// Devices that take part in a collective: all first + Σ i_k · stride_k with
/// i_k < size_k.
struct DeviceGroup {
  struct Axis {
    int64_t size, stride;
  };
  llvm::SmallVector<Axis, 3> axes;
  int64_t size() const;
  /// Of the first and the last device, plus one.
  int64_t span() const;
};

/// Times are those in a job, Machine::slowdown included.
class Machine {
public:
  /// Reads a file, or makes the cluster that a preset's name and number of
  /// devices stand for: "dgx-h100:64". Errors name the file, the field and what
  /// is wrong with it.
  static llvm::Expected<Machine> read(llvm::StringRef fileOrPreset);
  static std::vector<std::string> presets();
  static llvm::Expected<Machine> parse(llvm::StringRef text,
                                       llvm::StringRef file);
  /// As parse() reads it.
  std::string print() const;

  /// Whether the file says what products of an element type take; times of
  /// others are infinite.
  bool computes(llvm::StringRef elementType) const;
  /// batch times m×k by k×n, of the work alone, as streamTime(): a call costs
  /// Device::launchUs more. A larger product never takes less, and times have
  /// no jumps.
  double gemmTime(llvm::StringRef elementType, int64_t batch, int64_t m,
                  int64_t n, int64_t k) const;
  /// Work that is no dense product and touches so many bytes.
  double streamTime(double flops, double bytes) const;
  /// `bytes` as in CollectiveCurve::Point; of one collective at a time in each
  /// group of this form, all groups at once. More bytes never take less, nor do
  /// groups that reach further, curves aside.
  double collectiveTime(Collective kind, int64_t bytes,
                        const DeviceGroup &group) const;

  std::string name;
  /// Where each constant comes from, for people.
  std::vector<std::string> sources;
  int64_t devices = 1;
  Device device;
  std::vector<Level> levels; ///< Innermost first; the last holds all devices.
  std::vector<CollectiveCurve> collectives;
  OverlapCost overlap;
  /// How many times as long a job on all devices computes and exchanges as the
  /// constants say: kernels do not follow each other without gaps, clocks fall
  /// under load, all wait for the slowest. What takes time counts it.
  double slowdown = 1;
};

} // namespace vescale

#endif // VESCALE_COSTMODEL_MACHINE_H
