//===- SharedWeights.h - One weight, several users --------------*- C++ -*-===//
//
// A weight that several ops read must not carry sharding from one to another:
// exporters share equal tensors, such as the zero biases of a fresh model,
// which have nothing to do with each other. So while layouts spread, each use
// has a parameter of its own. Afterwards the parameter keeps what all uses have
// in common, from which each can slice its shard without a transfer.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PLAN_SHAREDWEIGHTS_H
#define VESCALE_PASSES_PLAN_SHAREDWEIGHTS_H

#include "dialects/Graph/Graph.h"
#include "passes/Plan/Propagation.h"

namespace vescale::dist {

class SharedWeights {
public:
  /// Gives each use of a parameter, constant or scalar that is broadcast, or of
  /// a broadcast, reshape or transpose of one, an op of its own.
  void split(mlir::Block &block);
  /// Makes one op of each parameter again; of one with storage axes up to
  /// three: what is stored, what the forward program reads and what the
  /// backward one does. Where only others read it, `stored` says in what layout
  /// another function stores it.
  void join(Propagation &propagation,
            llvm::function_ref<LayoutAttr(graph::ParameterOp)> stored);
  /// Turns the latter into reshards of what is stored, before their first
  /// users, when layouts are in the types. Returns their number.
  int64_t gather();

private:
  llvm::SmallVector<llvm::SmallVector<graph::ParameterOp>> groups;
  /// What is stored, and what is read of it elsewhere.
  llvm::SmallVector<std::pair<graph::ParameterOp, graph::ParameterOp>> gathered;
};

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_SHAREDWEIGHTS_H
