//===- NodeContext.h - What an op importer works with -----------*- C++ -*-===//
//
// One node during import: its inputs as values, its attributes with their
// defaults, and where its results go. Whatever doesn't fit becomes an error
// that names the node.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_NODECONTEXT_H
#define VESCALE_LIB_FRONTEND_ONNX_NODECONTEXT_H

#include "lib/Frontend/Onnx/Importer.h"
#include "llvm/ADT/StringSet.h"

namespace vescale::onnx {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;

class NodeContext {
public:
  NodeContext(Importer &importer, const Node &node, size_t index, Frame &frame);

  Emitter &e;

  const Node &getNode() const { return node; }
  /// Version of the operator set that the node's domain is imported with.
  int64_t opset() const { return version; }
  Importer &getImporter() { return importer; }
  const Frame &getFrame() const { return frame; }

  size_t numInputs() const { return inputs.size(); }
  /// Absent where the node has no such input.
  const Val &in(size_t index) const {
    static const Val none;
    return index < inputs.size() ? inputs[index] : none;
  }
  llvm::ArrayRef<Val> ins() const { return inputs; }

  size_t numOutputs() const { return node.outputs.size(); }
  bool wantsOutput(size_t index) const {
    return index < node.outputs.size() && !node.outputs[index].empty();
  }
  LogicalResult set(size_t index, Val value);
  LogicalResult set(Val value) { return set(0, std::move(value)); }

  // Attributes. One that the importer never asks for, or that has another kind
  // than it asks for, is reported when it is done (checkAttributes).
  const Attribute *attribute(llvm::StringRef name) const;
  /// States that these attributes don't change what is computed here.
  void ignore(std::initializer_list<llvm::StringRef> names);
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  double number(llvm::StringRef name, double otherwise) const;
  std::string string(llvm::StringRef name, llvm::StringRef otherwise) const;
  std::optional<Shape> integers(llvm::StringRef name) const;

  /// An input that is known, as it stands or because it is a small parameter:
  /// a scale that the file keeps among the weights. Absent if it is not.
  Val knownInput(size_t input);
  /// The known elements of an input of whole numbers.
  FailureOr<Shape> known(size_t input, llvm::StringRef what);
  /// `axis` counted from the front, if it is one of `rank`.
  FailureOr<int64_t> axis(int64_t axis, int64_t rank);
  FailureOr<Shape> axes(ShapeRef axes, int64_t rank);
  FailureOr<mlir::Type> elementType(int64_t onnxType);
  /// Both broadcast to one shape; fails if element types or shapes differ.
  LogicalResult unify(Val &a, Val &b);

  /// Records an error about this node.
  mlir::InFlightDiagnostic error();
  LogicalResult fail(const llvm::Twine &message) { return error() << message; }

private:
  friend class Importer;
  const Attribute *typed(llvm::StringRef name, AttributeKind kind) const;
  LogicalResult checkAttributes();

  Importer &importer;
  const Node &node;
  size_t index;
  Frame &frame;
  mutable llvm::StringSet<> asked, mistyped;
  int64_t version = 0;
  std::vector<Val> inputs;
};

std::string describeShape(ShapeRef shape);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_NODECONTEXT_H
