//===- ReshardTimes.h - How long a value takes to another layout *- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_RESHARDTIMES_H
#define VESCALE_LIB_PLANNER_MODEL_RESHARDTIMES_H

#include "lib/Planner/Model/Strategies.h"
#include "vescale/CostModel/Machine.h"
#include "vescale/Planner/ReshardSteps.h"

namespace vescale::planner {

/// The steps between layouts, which are looked for on one mesh and taken on
/// all: meshes differ in the sizes of axes alone.
class ReshardPlans {
public:
  const std::optional<dist::ReshardPlan> &between(mlir::RankedTensorType type,
                                                  dist::LayoutAttr from,
                                                  dist::LayoutAttr to,
                                                  const StageMesh &mesh);

private:
  llvm::DenseMap<std::tuple<mlir::Type, mlir::Attribute, mlir::Attribute>,
                 std::optional<dist::ReshardPlan>>
      known;
};

/// What moving a value takes: µs, and the bytes that a rank sends.
struct Moved {
  double us = 0;
  int64_t sent = 0;

  Moved &operator+=(const Moved &other) {
    us += other.us;
    sent += other.sent;
    return *this;
  }
};

/// Over a machine whose devices are the ranks of a stage's mesh in their order.
/// Remembers what it was asked.
class ReshardTimes {
public:
  ReshardTimes(const Machine &machine, const StageMesh &mesh,
               ReshardPlans &plans)
      : machine(machine), mesh(mesh), plans(plans) {}

  /// Infinite if there is no way.
  Moved between(mlir::RankedTensorType type, dist::LayoutAttr from,
                dist::LayoutAttr to);
  /// Of a collective over these axes; micro-batches are not in space and take
  /// no part. `bytes` as in Machine::collectiveTime().
  Moved over(llvm::ArrayRef<dist::AxisRefAttr> axes, Collective kind,
             int64_t bytes) const;

private:
  std::optional<Moved> moveModel(mlir::RankedTensorType type,
                                 dist::LayoutAttr from,
                                 dist::LayoutAttr to) const;
  Moved compute(mlir::RankedTensorType type, dist::LayoutAttr from,
                dist::LayoutAttr to) const;

  const Machine &machine;
  const StageMesh &mesh;
  ReshardPlans &plans;
  llvm::DenseMap<std::tuple<mlir::Type, mlir::Attribute, mlir::Attribute>,
                 Moved>
      known;
};

/// The bytes of one rank's shard.
int64_t localBytes(mlir::RankedTensorType type, dist::LayoutAttr layout,
                   const StageMesh &mesh);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_RESHARDTIMES_H
