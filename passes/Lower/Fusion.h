//===- Fusion.h - Which values lie in memory --------------------*- C++ -*-===//
//
// Terms. A value is *stored* if it lies in a buffer; the others are recomputed
// wherever they are read. A *root* is a stored value that a kernel computes;
// its *group* is the root and the values that are recomputed in it alone. A
// group is *anchored* if it is the epilogue of a library call.
//
// Rules, decided from the last op to the first:
//  1. What the function returns or updates, what a collective or a library call
//  reads, and
//     what a library call gives is stored, except that views on stored values
//     are read in place, and that a call's result whose readers are one
//     epilogue never leaves the cache.
//  2. Free ops are recomputed everywhere.
//  3. Cheap, Heavy and Row ops join the group that reads them if there is one
//     such group only and it reads every element once.
//     Reductions of outer dimensions (reducesOuterDims) join none.
//  4. Row ops join if the group's rows are their rows and fit the stack with
//     those that are there; an anchored group has none, since a call finishes
//     boxes of columns, not rows.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_FUSION_H
#define VESCALE_PASSES_LOWER_FUSION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Lower/Library.h"

namespace vescale {

/// The rows of a group: these dimensions of this shape.
struct RowSpace {
  llvm::SmallVector<int64_t> shape, dims;
  /// The number of elements of a row.
  int64_t length() const;
  /// Whether the row dimensions are the last ones, so that a row is dense.
  bool isTrailing() const;
};

/// Rows lie on the stack of the thread that computes them, half of which they
/// may take (runtime/core/Threads.h says how large it is).
constexpr int64_t kMaxRowBytes = int64_t(4) << 20;
/// The bytes that a row op takes there: its operand's row and one of its own.
int64_t rowBytes(RowOpInterface op);

/// Whether the op reduces dimensions before the last one, enough elements to be
/// a kernel of its own, whose inner loop is over the last dimension.
bool reducesOuterDims(mlir::Operation *op);

struct Group {
  mlir::Value root;
  std::optional<RowSpace> rows;
  /// Bytes of the stack that its row ops take.
  int64_t rowBytes() const;
  /// Row ops of the group, last first.
  llvm::SmallVector<mlir::Operation *> rowOps;
  /// The library call whose epilogue the group is.
  mlir::Operation *anchor = nullptr;
};

class FusionPlan {
public:
  /// `kept` are values to be stored whoever reads them.
  explicit FusionPlan(mlir::func::FuncOp func, mlir::ValueRange kept = {});

  bool isStored(mlir::Value value) const { return stored.contains(value); }
  /// Whether all that read a value that isn't stored, and all that read those,
  /// do so at the place of the element that is computed.
  bool isReadInPlace(mlir::Value value) const;
  /// The group whose root `value` is, or null.
  const Group *getGroup(mlir::Value root) const;
  /// Whether the library call's result is read by its epilogue alone.
  bool hasEpilogue(mlir::Operation *call) const {
    return anchored.contains(call);
  }
  /// The transposed value that a call writes in place of its result.
  mlir::Value getTransposedResult(mlir::Value result) const {
    return transposedResults.lookup(result);
  }
  /// `value` as a view on a stored value, an argument, a parameter or a
  /// constant; none if its elements have to be computed.
  std::optional<View> getView(mlir::Value value) const;

private:
  struct Readers {
    llvm::SmallVector<mlir::Value> groups; // roots, each once
    bool rereads = false;
    bool keepsPosition = true;
  };

  void store(mlir::Value value);
  void visit(mlir::Operation *op);
  void visitDemands(mlir::Operation *op);
  /// A library call or collective reads `value`.
  void demand(mlir::Value value,
              llvm::function_ref<bool(const View &)> accepts);
  Readers readersOf(mlir::Value value);
  bool joinsGroup(mlir::Operation *op, const Readers &readers);
  bool joinsRows(mlir::Operation *op, const Readers &readers, Group &group);
  bool isLeaf(mlir::Value value) const;

  llvm::DenseSet<mlir::Value> stored;
  llvm::DenseMap<mlir::Value, Readers> readers; // of values not stored
  llvm::DenseMap<mlir::Value, Group> groups;
  llvm::DenseSet<mlir::Operation *> anchored;
  llvm::DenseMap<mlir::Value, mlir::Value> transposedResults;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_FUSION_H
