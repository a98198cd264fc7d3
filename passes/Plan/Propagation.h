//===- Propagation.h - Spreads sharding along factors -----------*- C++ -*-===//
//
// Holds what dimension of what value is sharded over what axes, and who asked
// for it, while layouts are completed. Does not touch the IR.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PLAN_PROPAGATION_H
#define VESCALE_PASSES_PLAN_PROPAGATION_H

#include "dialects/Dist/FactorAxes.h"

namespace vescale::dist {

/// The sharding of one value so far.
struct ValueState {
  llvm::SmallVector<AxisList> dims;
  /// For each dimension the seed that sharded it last, or -1.
  llvm::SmallVector<int> origins;
  /// The whole layout, if the user fixed it.
  LayoutAttr pinned;
};

class Propagation {
public:
  Propagation(MeshAttr mesh) : mesh(mesh) {}

  /// Adds a seed; it counts from the round of its priority on.
  void addSeed(mlir::Value value, SeedAttr seed);
  /// Shards the value further over `axes` when all seeds have spread: the first
  /// dimension that they divide, or else the largest. From there this spreads
  /// through ops of the optimizer alone; gradients they read in these layouts.
  void addStorage(mlir::Value value, AxesAttr axes);
  /// The same, where another function has decided the layout.
  void addStorage(mlir::Value value, LayoutAttr layout);
  /// Spreads all seeds through the ops of the block.
  void run(mlir::Block &block);

  const ValueState &get(mlir::Value value);
  /// Call before an op is erased; another may get its address.
  void forget(mlir::Operation *op);
  /// Fixes the value's layout after all has spread.
  void pin(mlir::Value value, LayoutAttr layout);
  /// Leaves `value` with the sharding that it and `other` have in common.
  void meet(mlir::Value value, mlir::Value other);
  const ShardingRule &getRule(ShardableOpInterface op);
  /// The seed that sharded the dimension last; null if none did.
  SeedAttr seedOf(mlir::Value value, int64_t dim);
  /// Its origin, or "nothing".
  llvm::StringRef describe(mlir::Value value, int64_t dim);
  /// The origin of what fixed the whole layout.
  llvm::StringRef describePin(mlir::Value value);

private:
  struct Seed {
    mlir::Value value;
    SeedAttr seed;
  };
  struct Proposal {
    AxisList axes;
    int origin = -1;
    bool conflict = false;
  };

  ValueState &state(mlir::Value value);
  /// The state that spreads now.
  ValueState &current(mlir::Value value);
  void spread(mlir::Block &block);
  void plantStorage(mlir::Value value, AxesAttr axes);
  void plant(const Seed &seed, int index);
  bool propagate(ShardableOpInterface op);
  void collect(const TensorFactors &tensor, mlir::Value value,
               const ShardingRule &rule,
               llvm::SmallVectorImpl<Proposal> &proposals);
  bool extend(const TensorFactors &tensor, mlir::Value value,
              const ShardingRule &rule, llvm::ArrayRef<Proposal> proposals);

  MeshAttr mesh;
  llvm::SmallVector<Seed> seeds;
  llvm::SmallVector<std::pair<mlir::Value, AxesAttr>> storages;
  llvm::SmallVector<std::pair<mlir::Value, LayoutAttr>> decidedStorages;
  /// Only storage spreads now.
  bool inOptimizer = false;
  llvm::DenseMap<mlir::Value, ValueState> states;
  /// How the optimizer reads what it doesn't make.
  llvm::DenseMap<mlir::Value, ValueState> readByOptimizer;
  llvm::DenseMap<mlir::Operation *, ShardingRule> rules;
};

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_PROPAGATION_H
