//===- KernelEmitter.h - Kernel functions of fusion groups ------*- C++ -*-===//
//
// Emits the function that computes a box of a group's root: loops over the box,
// the group's row ops, and the elements of all ops inside one another.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_KERNELEMITTER_H
#define VESCALE_PASSES_LOWER_KERNELEMITTER_H

#include "dialects/Rank/Rank.h"
#include "passes/Lower/Fusion.h"

namespace vescale {

/// A kernel function and how to call it.
struct Kernel {
  mlir::func::FuncOp func;
  /// The stored values (and arguments, parameters, constants) it reads, in the
  /// order of its arguments.
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<int64_t> extents;
  int64_t flopsPerPoint = 0;
  /// The names of its ops, for messages.
  std::string origin;
};

/// The groups of ranks that a program refers to, numbered.
class GroupTable {
public:
  int64_t number(dist::MeshAttr mesh, dist::AxesAttr axes);
  llvm::ArrayRef<mlir::Attribute> get() const { return groups; }

private:
  llvm::SmallVector<mlir::Attribute> groups;
};

/// The iteration space of a library call's result: rows × columns.
struct BoxSpace {
  int64_t rows, columns;
};

/// A root of a kernel, written over `overwritten`, if given, of which the
/// kernel reads each element only to compute those in its place. One that is
/// not written is read in the kernel alone.
struct KernelRoot {
  const Group *group;
  mlir::Value overwritten;
  bool isWritten = true;
};

/// The kernel of a group; with a `space` the epilogue over it. Of the call's
/// result an epilogue reads and, if it can, overwrites the elements: then the
/// result is not among the inputs and `inPlace` is set.
struct Epilogue {
  BoxSpace space;
  bool inPlace;
  /// As in KernelRoot.
  mlir::Value overwritten;
};

class KernelFactory {
public:
  /// `next` numbers the kernels of the module.
  KernelFactory(mlir::ModuleOp module, const FusionPlan &plan,
                GroupTable &groups, int64_t &next)
      : module(module), plan(plan), groups(groups), next(next) {}

  /// The roots of one bundle.
  Kernel emit(llvm::ArrayRef<KernelRoot> roots);
  Kernel emitEpilogue(const Group &group, const Epilogue &epilogue);
  /// The kernel that reports elements of `indices` outside [-size, size).
  Kernel emitIndexCheck(mlir::Value indices, int64_t size);

private:
  mlir::ModuleOp module;
  const FusionPlan &plan;
  GroupTable &groups;
  int64_t &next;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_KERNELEMITTER_H
