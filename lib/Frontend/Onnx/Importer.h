//===- Importer.h - From a checked ONNX model to a graph module -*- C++ -*-===//
//
// Walks the nodes in order. Every value's shape is known when it is made, so an
// op importer sees static shapes and, for shape arithmetic, the numbers.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_IMPORTER_H
#define VESCALE_LIB_FRONTEND_ONNX_IMPORTER_H

#include "lib/Frontend/Onnx/Emitter.h"
#include "lib/Frontend/Onnx/OpRegistry.h"
#include "lib/Frontend/Onnx/ParameterNames.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "vescale/Frontend/Import.h"
#include "llvm/ADT/SetVector.h"

namespace vescale::onnx {

/// The element type in MLIR, or null if the compiler has none for it.
mlir::Type convertType(mlir::MLIRContext *context, ElementType type);

/// Names visible in a graph, its outer graphs' included.
class Scope {
public:
  explicit Scope(const Scope *outer) : outer(outer) {}

  void define(llvm::StringRef name, Val value) {
    values[name] = std::move(value);
  }
  const Val *find(llvm::StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (auto it = scope->values.find(name); it != scope->values.end())
        return &it->second;
    return nullptr;
  }

private:
  const Scope *outer;
  llvm::StringMap<Val> values;
};

class NodeContext;

/// How a node is imported: as the call of a function or by an importer of ours;
/// not at all if both are null.
struct NodeMeaning {
  const Function *function = nullptr;
  const OpEntry *entry = nullptr;
};

/// Inputs without a default: those of `main`.
std::vector<const ValueInfo *> realInputs(const Graph &graph);
/// "Conv (domain ai.onnx, opset 20)".
std::string describeOp(const Node &node, const OpsetImports &opsets);

/// What surrounds a node: its scope, operator sets, and in a function's body
/// the caller's attributes and location.
struct Frame {
  Scope &scope;
  const OpsetImports &opsets;
  const std::map<std::string, Attribute> *attributes = nullptr;
  std::optional<mlir::Location> caller;
};

class Importer {
public:
  Importer(const Model &model, const ImportOptions &options,
           mlir::MLIRContext *context);

  /// Null after emitting errors.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  Emitter &emitter() { return emit; }
  const Model &getModel() const { return model; }

  /// Imports a subgraph in the frame of the node that holds it; its outputs.
  mlir::FailureOr<std::vector<Val>> importSubgraph(const Graph &graph,
                                                   const Frame &outer);
  mlir::FailureOr<Val> importTensor(const Tensor &tensor);
  mlir::InFlightDiagnostic error();
  /// A number for each dropout, so that no two are taken for one.
  int64_t numberDropout() { return numDropouts++; }
  /// A dropout that the model has switched off, in words.
  void addDropoutOff(const llvm::Twine &what) {
    dropoutsOff.insert(builder.getStringAttr(what));
  }
  /// A parameter that is a statistic of what the model was trained on.
  void addStatistic(const Val &value);

private:
  NodeMeaning findMeaning(const Node &node, const OpsetImports &opsets) const;
  mlir::LogicalResult checkOps();
  mlir::LogicalResult bindDims(std::vector<mlir::RankedTensorType> &types);
  mlir::LogicalResult importNodes(llvm::ArrayRef<Node> nodes, Frame &frame);
  mlir::LogicalResult importNode(const Node &node, size_t index, Frame &frame);
  Val intern(const Val &value);
  std::string reuseKey(const NodeContext &context) const;
  mlir::LogicalResult callFunction(const Function &function,
                                   NodeContext &context, Frame &frame);
  mlir::LogicalResult importInitializers(const Graph &graph, Scope &scope);
  mlir::FailureOr<Val> importParameter(const Tensor &tensor);
  mlir::Location locate(const Node &node, size_t index, const Frame &frame);

  const Model &model;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  Emitter emit;
  ParameterNames names;
  /// Nodes so far, those of expanded functions included.
  uint64_t importedNodes = 0;
  /// Tensors that may hold weights, but under no name.
  llvm::SetVector<llvm::StringRef> unnamed;
  llvm::SetVector<mlir::Attribute> dropoutsOff, statistics;
  int64_t numDropouts = 0;
  /// Results of nodes that depend on constants only, by reuseKey: exporters
  /// repeat the same mask in every layer.
  llvm::StringMap<std::vector<Val>> reusable;
  /// Small constants by content, so that equal ones are one.
  llvm::StringMap<Val> interned;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_IMPORTER_H
