//===- ImportNodes.cpp - Nodes, calls of functions, subgraphs -------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Origins.h"
#include "lib/Frontend/Onnx/Reader.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace vescale::onnx {

Location Importer::locate(const Node &node, size_t index, const Frame &frame) {
  if (frame.caller && node.metadata.empty())
    return *frame.caller;
  return locateNode(builder.getContext(), node, index);
}

/// Equal for nodes that compute the same from the same constants; empty for
/// nodes that depend on anything else.
std::string Importer::reuseKey(const NodeContext &context) const {
  const Node &node = context.getNode();
  std::string key;
  llvm::raw_string_ostream out(key);
  out << node.opType << ' ' << context.opset() << ' ' << node.outputs.size();
  for (const Attribute &entry : node.attributes) {
    const Attribute *attribute = context.attribute(entry.name);
    if (!attribute)
      continue;
    if (attribute->tensor || attribute->graph ||
        attribute->kind == AttributeKind::Other)
      return {};
    out << ' ' << entry.name << ':' << static_cast<int>(attribute->kind) << ':'
        << attribute->i << ':' << llvm::bit_cast<uint64_t>(attribute->f) << ':'
        << attribute->s.size() << ':' << attribute->s;
    for (int64_t value : attribute->ints)
      out << ',' << value;
    for (double value : attribute->floats)
      out << ';' << llvm::bit_cast<uint64_t>(value);
  }
  for (const Val &value : context.ins()) {
    if (value.absent()) {
      out << " -";
      continue;
    }
    if (!value.isKnown())
      return {};
    out << ' ' << static_cast<const void *>(&value.storage()) << '+'
        << value.base();
    for (auto [size, stride] : llvm::zip_equal(value.shape(), value.strides()))
      out << 'x' << size << '/' << stride;
  }
  return key;
}

LogicalResult Importer::importNode(const Node &node, size_t index,
                                   Frame &frame) {
  emit.setLocation(locate(node, index, frame));
  NodeContext context(*this, node, index, frame);
  if (++importedNodes > maxExpandedNodes)
    return context.fail("with its functions expanded the model has more than " +
                        Twine(maxExpandedNodes) + " nodes");
  NodeMeaning meaning = findMeaning(node, frame.opsets);
  if (meaning.function)
    return callFunction(*meaning.function, context, frame);
  const OpEntry *entry = meaning.entry;
  if (!entry)
    return context.fail("op " + describeOp(node, frame.opsets) +
                        " is not supported");
  for (auto [position, input] : llvm::enumerate(node.inputs)) {
    const Val *value = input.empty() ? nullptr : frame.scope.find(input);
    if (!input.empty() && !value)
      return context.fail("input '" + input + "' is not available here");
    context.inputs.push_back(value ? *value : Val());
    if (entry->kind == InputKind::Tensors && value && !value->absent() &&
        !value->isTensor())
      return context.fail("input " + Twine(position) + " ('" + input +
                          "') must be a tensor");
  }
  for (unsigned position = 0; position < entry->inputs; ++position)
    if (context.in(position).absent())
      return context.fail("input " + Twine(position) + " is missing");
  std::string key = node.inputs.empty() ? "" : reuseKey(context);
  if (auto known = reusable.find(key);
      !key.empty() && known != reusable.end()) {
    for (auto [output, value] : llvm::zip(node.outputs, known->second))
      if (!output.empty())
        frame.scope.define(output, value);
    return success();
  }
  context.asked.clear();
  if (failed(entry->import(context)) || failed(context.checkAttributes()))
    return failure();
  std::vector<Val> results;
  for (const std::string &output : node.outputs) {
    const Val *value = output.empty() ? nullptr : frame.scope.find(output);
    if (!output.empty() && !value)
      return context.fail("output '" + output + "' is not supported");
    results.push_back(value ? intern(*value) : Val());
    if (value && value->isKnown())
      frame.scope.define(output, results.back());
  }
  // An output that one node leaves out another may want.
  if (!key.empty() && !llvm::is_contained(node.outputs, ""))
    reusable[key] = std::move(results);
  return success();
}

LogicalResult Importer::importNodes(ArrayRef<Node> nodes, Frame &frame) {
  for (auto [index, node] : llvm::enumerate(nodes))
    if (failed(importNode(node, index, frame)))
      return failure();
  return success();
}

LogicalResult Importer::callFunction(const Function &function,
                                     NodeContext &context, Frame &frame) {
  const Node &node = context.getNode();
  if (node.inputs.size() > function.inputs.size() ||
      node.outputs.size() > function.outputs.size())
    return context.fail("passes " + Twine(node.inputs.size()) + " inputs and " +
                        Twine(node.outputs.size()) +
                        " outputs to a function "
                        "of " +
                        Twine(function.inputs.size()) + " and " +
                        Twine(function.outputs.size()));
  std::map<std::string, Attribute> attributes;
  for (const Attribute &attribute : function.defaultAttributes)
    attributes[attribute.name] = attribute;
  for (const Attribute &attribute : node.attributes) {
    if (!attributes.count(attribute.name) &&
        !llvm::is_contained(function.attributes, attribute.name))
      return context.fail("the function has no attribute '" + attribute.name +
                          "'");
    if (const Attribute *value = context.attribute(attribute.name))
      attributes[attribute.name] = *value;
  }
  Scope scope(nullptr);
  for (auto [index, name] : llvm::enumerate(function.inputs)) {
    Val value;
    if (index < node.inputs.size() && !node.inputs[index].empty())
      if (const Val *found = frame.scope.find(node.inputs[index]))
        value = *found;
    scope.define(name, value);
  }
  Frame inner{scope, function.opsets, &attributes, emit.getLocation()};
  if (failed(importNodes(function.nodes, inner)))
    return failure();
  for (auto [outer, name] : llvm::zip(node.outputs, function.outputs)) {
    if (outer.empty())
      continue;
    const Val *value = scope.find(name);
    if (!value)
      return context.fail("the function does not compute '" + name + "'");
    frame.scope.define(outer, *value);
  }
  return success();
}

FailureOr<std::vector<Val>> Importer::importSubgraph(const Graph &graph,
                                                     const Frame &outer) {
  Scope scope(&outer.scope);
  Frame frame{scope, outer.opsets, outer.attributes, outer.caller};
  if (failed(importInitializers(graph, scope)) ||
      failed(importNodes(graph.nodes, frame)))
    return failure();
  std::vector<Val> results;
  for (const ValueInfo &output : graph.outputs) {
    const Val *value = scope.find(output.name);
    if (!value)
      return failure();
    results.push_back(*value);
  }
  return results;
}

} // namespace vescale::onnx
