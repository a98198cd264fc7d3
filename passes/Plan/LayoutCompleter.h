//===- LayoutCompleter.h - Gives each value its layout ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_LAYOUTCOMPLETER_H
#define VESCALE_PASSES_PLAN_LAYOUTCOMPLETER_H

#include "dialects/Dist/Legality.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/Conflicts.h"
#include "llvm/ADT/SetVector.h"

namespace vescale::dist {

/// The layouts of the module's parameters, by name and view, and of its inputs,
/// by name: functions that share one share its layout, which the first of them
/// decides.
using SharedLayouts = llvm::DenseMap<mlir::Attribute, LayoutAttr>;

/// What dist-propagate does to one function.
class LayoutCompleter {
public:
  LayoutCompleter(mlir::func::FuncOp func, MeshOp meshOp,
                  SharedLayouts &decided)
      : func(func), builder(func), mesh(meshOp.getAxes()),
        meshRef(mlir::FlatSymbolRefAttr::get(meshOp.getSymNameAttr())),
        propagation(mesh), conflicts(propagation, mesh), decided(decided) {}

  mlir::LogicalResult run(int64_t remarkBytes);
  int64_t reshards = 0;

private:
  mlir::LogicalResult readSeeds();
  mlir::LogicalResult addSeed(mlir::Operation *at, mlir::Value value,
                              mlir::Attribute seed);
  LayoutAttr layoutOf(llvm::ArrayRef<AxisList> dims) const;
  mlir::LogicalResult reshard(mlir::Operation *user, unsigned operand,
                              LayoutAttr to);
  bool isGatheredForOrder(mlir::Operation *user, unsigned operand,
                          LayoutAttr to);
  std::string origin(mlir::Operation *user, unsigned operand, LayoutAttr to);
  mlir::LogicalResult complete(ShardableOpInterface op);
  mlir::LogicalResult complete(mlir::func::ReturnOp op);
  mlir::LogicalResult complete(graph::UpdateOp op);
  void followSummand(mlir::Operation *op);
  std::string whyPartial(ShardableOpInterface op, const ShardingRule &rule,
                         const OpSharding &sharding);

  mlir::func::FuncOp func;
  mlir::OpBuilder builder;
  MeshAttr mesh;
  mlir::FlatSymbolRefAttr meshRef;
  Propagation propagation;
  Conflicts conflicts;
  SharedLayouts &decided;
  /// Results of ops that a layout was asked for.
  llvm::SmallVector<mlir::OpResult> asked;
  llvm::DenseMap<std::pair<mlir::Value, LayoutAttr>, mlir::Value> resharded;
  /// What is partial and had to be completed: its sums.
  llvm::DenseMap<mlir::Value, mlir::Value> completed;
  /// Why a value is partial.
  llvm::DenseMap<mlir::Value, std::string> partialOrigins;
  /// Ops whose sums ranks could share, if they had no order; and what is moved.
  llvm::SetVector<mlir::Operation *> gathered;
  int64_t gatheredBytes = 0;
};

/// What tells a parameter's ops of one function from each other.
mlir::Attribute viewOf(graph::ParameterOp op);
/// The input's name, by which functions share it; null without one.
mlir::Attribute nameOf(mlir::BlockArgument argument);

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_LAYOUTCOMPLETER_H
