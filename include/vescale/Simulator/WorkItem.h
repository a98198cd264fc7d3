//===- WorkItem.h - What a rank does, and how long that takes ---*- C++ -*-===//
//
// A rank's work as a list that a machine can put times on: products, what
// streams through memory, exchanges. Free of models and IR. Times in
// microseconds, sizes in bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_WORKITEM_H
#define VESCALE_SIMULATOR_WORKITEM_H

#include "vescale/CostModel/Machine.h"
#include <variant>

namespace vescale::simulator {

/// batch times m×k by k×n.
struct Gemm {
  std::string elementType;
  int64_t batch, m, n, k;

  double flops() const { return 2.0 * batch * m * n * k; }
};

/// Work that is no dense product: operations, and bytes read and written.
struct Stream {
  double flops, bytes;
};

/// Products inside one kernel, whose factors never reach memory: attention. A
/// kernel of this sort gets a share of the device's peak of its own.
struct FusedProducts {
  std::string elementType;
  double flops, bytes;
  double ofPeak;
};

struct Exchange {
  Collective kind;
  int64_t bytes; ///< As in CollectiveCurve::Point.
  DeviceGroup group;
  /// Goes on beside the list's other work.
  bool overlapped = false;
};

struct WorkItem {
  std::string name;
  std::variant<Gemm, Stream, FusedProducts, Exchange> what;
};

/// The parts of a list's time. All but `hidden` add up to the whole.
struct WorkTime {
  double products = 0, streams = 0;
  double launches = 0;
  double exposed = 0; ///< Exchanges that nothing goes on beside.
  double slowed = 0;  ///< Work takes longer beside exchanges.
  double hidden = 0;  ///< Exchanges beside work, with nothing beside them.

  double compute() const { return products + streams + launches; }
  double total() const { return compute() + exposed + slowed; }
  WorkTime &operator+=(const WorkTime &other);
};

/// How long the item takes alone, without its launch.
double timeAlone(const WorkItem &item, const Machine &machine);

/// The list's items one after the other, but overlapped exchanges: those go on
/// beside the work, as Contention says; what work does not hide is exposed.
WorkTime timeOf(llvm::ArrayRef<WorkItem> items, const Machine &machine);

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_WORKITEM_H
