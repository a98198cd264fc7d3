//===- KernelBody.h - Reading values inside a kernel ------------*- C++ -*-===//
//
// The ElementBuilder of a kernel: turns reads of stored values into loads from
// the kernel's arguments, and reads of others into their elements' code.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_KERNELBODY_H
#define VESCALE_PASSES_LOWER_KERNELBODY_H

#include "passes/Lower/KernelEmitter.h"

namespace vescale {

class KernelBody : public ElementBuilder {
public:
  /// Appends a private function to the module; its inputs are found on the way.
  KernelBody(mlir::ModuleOp module, mlir::StringRef name, mlir::Location loc,
             const FusionPlan &plan, GroupTable &groups);

  mlir::Value read(mlir::Value value, const Position &at) override;
  void cacheRow(mlir::Value value, const Row &row) override;
  mlir::Value rowBuffer(const Row &row, mlir::Type elementType) override;
  llvm::ArrayRef<mlir::Value> rowState(mlir::Operation *op) override {
    return rowStates[op];
  }
  mlir::Value groupIndex(mlir::Operation *op, mlir::Attribute mesh,
                         mlir::Attribute axes) override;

  /// Names the kernel after the op, among others.
  void addName(mlir::Operation *op);
  /// The element of a stored value, from its op.
  mlir::Value computeRoot(mlir::Value root, const Position &at);
  /// From now on reads of `root` at this place give this element, as if it had
  /// been written and read.
  void keep(mlir::Value root, mlir::Value element);
  /// Writes the root's element.
  void write(mlir::Value element, const Position &at, mlir::Value output,
             mlir::Type elementType);
  /// The rows that the kernel runs over.
  void setRows(const RowSpace &space) { rows = space; }
  void setRowState(mlir::Operation *op, llvm::ArrayRef<mlir::Value> state) {
    rowStates[op].assign(state.begin(), state.end());
  }
  /// Reads of `value` come from this flat buffer; for a value that the kernel
  /// overwrites.
  void bind(mlir::Value value, mlir::Value buffer) { bound[value] = buffer; }

  mlir::Value addOutput(mlir::MemRefType type);
  /// The argument in which a stored value lies.
  mlir::Value bufferOf(mlir::Value value);
  /// The bounds of the box: low and high of both dimensions.
  mlir::Value bound0Low, bound0High, bound1Low, bound1High;

  /// Closes the function.
  Kernel finish(llvm::ArrayRef<int64_t> extents);

protected:
  void enterScope() override { scopes.emplace_back(); }
  void leaveScope() override { scopes.pop_back(); }

private:
  struct Known {
    mlir::Value value;
    llvm::SmallVector<mlir::Value> place;
    mlir::Value element;
  };
  mlir::Value load(const View &view, const Position &at);
  mlir::Value fromStorage(mlir::Value element, mlir::Type type);
  mlir::Value toStorage(mlir::Value element, mlir::Type type);
  mlir::Value argument(mlir::Value base, mlir::MemRefType type);
  mlir::Value emitOp(mlir::Value value, const Position &at);
  mlir::Value columnOf(const Position &at);
  /// The place in a dense buffer.
  mlir::Value placeOf(const Position &at);

  const FusionPlan &plan;
  GroupTable &groups;
  mlir::func::FuncOp func;
  mlir::Block *entry;
  mlir::Operation *entryEnd;
  struct Argument {
    mlir::Value base, argument;
  };
  llvm::SmallVector<Argument> arguments;
  llvm::SmallVector<mlir::Value> outputs;
  llvm::DenseMap<mlir::Value, mlir::Value> bound;
  llvm::DenseMap<mlir::Value, mlir::Value> kept; // elements of roots
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> rowStates;
  llvm::DenseMap<mlir::Value, mlir::Value> cachedRows;
  llvm::SmallVector<llvm::SmallVector<Known>> scopes;
  llvm::SetVector<mlir::StringRef> names;
  mlir::Value environment;
  std::optional<RowSpace> rows;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_KERNELBODY_H
