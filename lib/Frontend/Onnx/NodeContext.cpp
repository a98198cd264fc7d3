//===- NodeContext.cpp - What an op importer works with -------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Reader.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace vescale::onnx {

std::string describeShape(ShapeRef shape) {
  std::string text = "[";
  for (auto [index, size] : llvm::enumerate(shape))
    text += (index ? ", " : "") + std::to_string(size);
  return text + "]";
}

NodeContext::NodeContext(Importer &importer, const Node &node, size_t index,
                         Frame &frame)
    : e(importer.emitter()), importer(importer), node(node), index(index),
      frame(frame) {
  auto it = frame.opsets.find(node.domain);
  if (it != frame.opsets.end())
    version = it->second;
}

InFlightDiagnostic NodeContext::error() {
  InFlightDiagnostic diagnostic = emitError(e.getLocation());
  diagnostic << importer.getModel().path << ": " << describeNode(node, index)
             << ": ";
  return diagnostic;
}

LogicalResult NodeContext::set(size_t output, Val value) {
  if (!wantsOutput(output))
    return success();
  if (value.isTensor()) {
    std::optional<uint64_t> count = elementCount(value.shape());
    if (!count || *count > maxResultElements)
      return fail("the result '" + node.outputs[output] +
                  "' would have the "
                  "shape " +
                  describeShape(value.shape()) + ", too large for any machine");
  }
  frame.scope.define(node.outputs[output], std::move(value));
  return success();
}

const Attribute *NodeContext::attribute(StringRef name) const {
  asked.insert(name);
  for (const Attribute &attribute : node.attributes) {
    if (attribute.name != name)
      continue;
    if (attribute.kind != AttributeKind::Reference)
      return &attribute;
    // A function's attribute that the caller left out is absent here too.
    if (!frame.attributes)
      return nullptr;
    auto it = frame.attributes->find(attribute.reference);
    return it == frame.attributes->end() ? nullptr : &it->second;
  }
  return nullptr;
}

const Attribute *NodeContext::typed(StringRef name, AttributeKind kind) const {
  const Attribute *found = attribute(name);
  if (!found || found->kind == kind)
    return found;
  mistyped.insert(name);
  return nullptr;
}

void NodeContext::ignore(std::initializer_list<StringRef> names) {
  for (StringRef name : names)
    asked.insert(name);
}

LogicalResult NodeContext::checkAttributes() {
  for (const Attribute &attribute : node.attributes) {
    if (mistyped.contains(attribute.name))
      return fail("attribute '" + attribute.name + "' is of the wrong kind");
    if (!asked.contains(attribute.name))
      return fail("attribute '" + attribute.name + "' is not supported");
  }
  return success();
}

int64_t NodeContext::integer(StringRef name, int64_t otherwise) const {
  const Attribute *found = typed(name, AttributeKind::Int);
  return found ? found->i : otherwise;
}

double NodeContext::number(StringRef name, double otherwise) const {
  const Attribute *found = typed(name, AttributeKind::Float);
  return found ? found->f : otherwise;
}

std::string NodeContext::string(StringRef name, StringRef otherwise) const {
  const Attribute *found = typed(name, AttributeKind::String);
  return found ? found->s : otherwise.str();
}

std::optional<Shape> NodeContext::integers(StringRef name) const {
  const Attribute *found = typed(name, AttributeKind::Ints);
  if (!found)
    return std::nullopt;
  return Shape(found->ints.begin(), found->ints.end());
}

Val NodeContext::knownInput(size_t input) {
  constexpr uint64_t maxElements = 1024;
  const Val &value = in(input);
  if (value.absent() || value.isKnown())
    return value;
  // Only in the main graph does the node's name for it say which it is.
  if (frame.caller || !e.operand(value).getDefiningOp<graph::ParameterOp>())
    return {};
  for (const auto &tensor : importer.getModel().graph.initializers)
    if (tensor->name == node.inputs[input] &&
        tensor->numElements() <= maxElements)
      return importer.importTensor(*tensor).value_or(Val());
  return {};
}

FailureOr<Shape> NodeContext::known(size_t input, StringRef what) {
  const Val &value = in(input);
  const Constant *constant = value.constant();
  if (!constant)
    return fail(what + " ('" + node.inputs[input] +
                "') depends on the model's "
                "inputs' values; it must be known when the model is compiled");
  if (constant->isFloat() || value.rank() > 1)
    return fail(what + " must be a list of whole numbers");
  return Shape(constant->ints.begin(), constant->ints.end());
}

FailureOr<int64_t> NodeContext::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return fail("axis " + Twine(axis) + " does not exist: the tensor has " +
                Twine(rank) + " dimensions");
  return axis < 0 ? axis + rank : axis;
}

FailureOr<Shape> NodeContext::axes(ShapeRef axes, int64_t rank) {
  Shape result;
  for (int64_t entry : axes) {
    FailureOr<int64_t> dim = axis(entry, rank);
    if (failed(dim))
      return failure();
    if (llvm::is_contained(result, *dim))
      return fail("axis " + Twine(entry) + " is given twice");
    result.push_back(*dim);
  }
  llvm::sort(result);
  return result;
}

FailureOr<Type> NodeContext::elementType(int64_t onnxType) {
  auto type = static_cast<ElementType>(onnxType);
  if (Type converted = convertType(e.context(), type))
    return converted;
  return fail("element type " + elementTypeName(type) + " is not supported");
}

LogicalResult NodeContext::unify(Val &a, Val &b) {
  if (a.type() != b.type())
    return error() << "operands have the element types " << a.type() << " and "
                   << b.type();
  std::optional<Shape> shape = broadcastShapes(a.shape(), b.shape());
  if (!shape)
    return fail("shapes " + describeShape(a.shape()) + " and " +
                describeShape(b.shape()) + " do not broadcast");
  a = e.broadcastTo(a, *shape);
  b = e.broadcastTo(b, *shape);
  return success();
}

} // namespace vescale::onnx
