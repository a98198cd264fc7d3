//===- Importer.cpp - From a checked ONNX model to a graph module ---------===//
//
//   1. Bind dynamic dimensions; list those that have no size.
//   2. List every op that can't be imported, all at once.
//   3. Make `main`, its arguments and parameters; import node by node.
//   4. Drop parameters and constants that nothing reads.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Importer.h"
#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Origins.h"
#include "lib/Frontend/Onnx/Reader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace vescale::onnx {

Type convertType(MLIRContext *context, ElementType type) {
  Builder builder(context);
  switch (type) {
  case ElementType::Float:
    return builder.getF32Type();
  case ElementType::Double:
    return builder.getF64Type();
  case ElementType::Float16:
    return builder.getF16Type();
  case ElementType::BFloat16:
    return builder.getBF16Type();
  case ElementType::Int8:
    return builder.getI8Type();
  case ElementType::Int16:
    return builder.getI16Type();
  case ElementType::Int32:
    return builder.getI32Type();
  case ElementType::Int64:
    return builder.getI64Type();
  case ElementType::Bool:
    return builder.getI1Type();
  default:
    return {};
  }
}

static MLIRContext *loadDialects(MLIRContext *context) {
  context->loadDialect<func::FuncDialect, graph::GraphDialect>();
  return context;
}

Importer::Importer(const Model &model, const ImportOptions &options,
                   MLIRContext *context)
    : model(model), options(options), builder(loadDialects(context)),
      emit(builder), names(model.graph) {}

InFlightDiagnostic Importer::error() {
  InFlightDiagnostic diagnostic = emitError(builder.getUnknownLoc());
  diagnostic << model.path << ": ";
  return diagnostic;
}

//===----------------------------------------------------------------------===//
// Inputs and dynamic dimensions
//===----------------------------------------------------------------------===//

/// Inputs without a default; those of main.
static std::vector<const ValueInfo *> realInputs(const Graph &graph) {
  llvm::StringSet<> initializers;
  for (const auto &initializer : graph.initializers)
    initializers.insert(initializer->name);
  std::vector<const ValueInfo *> result;
  for (const ValueInfo &input : graph.inputs)
    if (!initializers.contains(input.name))
      result.push_back(&input);
  return result;
}

LogicalResult Importer::bindDims(std::vector<RankedTensorType> &types) {
  llvm::SetVector<StringRef> unbound, used;
  bool ok = true;
  for (const ValueInfo *input : realInputs(model.graph)) {
    if (!input->isTensor || !input->hasShape) {
      error() << "input '" << input->name
              << (input->isTensor ? "' has no shape" : "' is not a tensor");
      ok = false;
      continue;
    }
    Type type = convertType(builder.getContext(), input->type);
    if (!type) {
      error() << "input '" << input->name << "' has the element type "
              << elementTypeName(input->type) << ", which is not supported";
      ok = false;
      continue;
    }
    Shape shape;
    for (auto [index, dim] : llvm::enumerate(input->dims)) {
      auto bound = options.dims.find(dim.parameter);
      if (dim.size < 0 && dim.parameter.empty()) {
        error() << "dimension " << index << " of input '" << input->name
                << "' has neither a size nor a name: export the model again "
                   "with names for its dynamic dimensions";
        ok = false;
        shape.push_back(1);
      } else if (dim.size < 0 && bound == options.dims.end()) {
        unbound.insert(dim.parameter);
        shape.push_back(1);
      } else {
        if (dim.size < 0)
          used.insert(dim.parameter);
        shape.push_back(dim.size < 0 ? bound->second : dim.size);
      }
    }
    std::optional<uint64_t> count = elementCount(shape);
    if (!count || *count > maxTensorBytes / 8) {
      error() << "input '" << input->name << "' would have the shape "
              << describeShape(shape) << ", too large for any machine";
      return failure();
    }
    types.push_back(RankedTensorType::get(shape, type));
  }
  if (!unbound.empty()) {
    auto diagnostic = error();
    diagnostic << "give a size to the dynamic dimension"
               << (unbound.size() > 1 ? "s" : "");
    for (StringRef name : unbound)
      diagnostic << " --dim=" << name << "=N";
    return failure();
  }
  for (const auto &entry : options.dims)
    if (!used.contains(entry.getKey())) {
      error() << "--dim=" << entry.getKey() << "=" << entry.second
              << ": no input has a dynamic dimension of this name";
      ok = false;
    }
  return success(ok);
}

//===----------------------------------------------------------------------===//
// Ops that can't be imported
//===----------------------------------------------------------------------===//

LogicalResult Importer::checkOps() {
  constexpr size_t maxListed = 50;
  struct Missing {
    std::string example;
    size_t count = 0;
  };
  std::map<std::string, Missing> missing;
  auto check = [&](ArrayRef<Node> nodes, const OpsetImports &opsets) {
    for (auto [index, node] : llvm::enumerate(nodes)) {
      int64_t opset = opsets.find(node.domain)->second;
      if (model.functions.count({node.domain, node.opType, node.overload}) ||
          OpRegistry::get().find(node.domain, node.opType, opset))
        continue;
      Missing &entry = missing[node.opType + " (domain " +
                               (node.domain.empty() ? "ai.onnx" : node.domain) +
                               ", opset " + std::to_string(opset) + ")"];
      if (entry.count++ == 0)
        entry.example = describeNode(node, index);
    }
  };
  check(model.graph.nodes, model.opsets);
  for (const auto &[key, function] : model.functions)
    check(function.nodes, function.opsets);
  size_t listed = 0;
  for (const auto &[op, entry] : missing) {
    if (listed++ == maxListed) {
      error() << "and " << missing.size() - maxListed << " more ops";
      break;
    }
    auto diagnostic = error();
    diagnostic << "op " << op << " is not supported: " << entry.example;
    if (entry.count > 1)
      diagnostic << " and " << entry.count - 1 << " more";
  }
  return success(missing.empty());
}

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

FailureOr<Val> Importer::importTensor(const Tensor &tensor) {
  Type type = convertType(builder.getContext(), tensor.type);
  if (!type) {
    error() << "tensor '" << tensor.name << "' has the element type "
            << elementTypeName(tensor.type) << ", which is not supported";
    return failure();
  }
  std::optional<std::string> bytes = readBytes(tensor);
  if (!bytes) {
    error() << "tensor '" << tensor.name << "': can't read '"
            << tensor.region->path << "'";
    return failure();
  }
  return intern(Val(Constant::fromBytes(type, tensor.dims, *bytes)));
}

/// The one Val for all small constants equal to this one.
Val Importer::intern(const Val &value) {
  constexpr int64_t maxElements = 16;
  const Constant *constant = value.constant();
  if (!constant || constant->size() > maxElements)
    return value;
  std::string key;
  llvm::raw_string_ostream out(key);
  out << constant->type << describeShape(constant->shape);
  for (int64_t number : constant->ints)
    out << ',' << number;
  for (double number : constant->floats)
    out << ';' << llvm::bit_cast<uint64_t>(number);
  return interned.try_emplace(key, value).first->second;
}

FailureOr<Val> Importer::importParameter(const Tensor &tensor) {
  constexpr uint64_t maxConstantBytes = 1024;
  constexpr int64_t maxComputedElements = int64_t(1) << 20;
  Type type = convertType(builder.getContext(), tensor.type);
  if (!type)
    return importTensor(tensor); // The error.
  // Whole numbers and truth values aren't trained: positions, masks, shapes.
  bool isFloat = isa<FloatType>(type);
  if (!isFloat && int64_t(tensor.numElements()) <= maxComputedElements)
    return importTensor(tensor);
  ParameterName name = names.find(tensor);
  bool external = tensor.region &&
                  tensor.region->name != llvm::sys::path::filename(model.path);
  // A scalar is a parameter only if the file lists it as one.
  bool keep = tensor.dims.empty()
                  ? name.isWeight() && names.isListed()
                  : (name.isWeight() || external) && tensor.numElements() > 0;
  // What becomes a constant no checkpoint can replace.
  bool mayHoldWeights = isFloat && tensor.numElements() > 0 &&
                        name.kind != ParameterName::Kind::Constant;
  if (mayHoldWeights && !(keep && name.isWeight()))
    unnamed.insert(tensor.name);
  if (!keep && tensor.numBytes() <= maxConstantBytes)
    return importTensor(tensor);
  // Without a place in a file (a model in memory, elements in an unusual
  // encoding) the elements must come along.
  if (!tensor.region && !(name.isWeight() && options.weightsElsewhere)) {
    if (mayHoldWeights)
      unnamed.insert(tensor.name);
    return importTensor(tensor);
  }
  auto tensorType = RankedTensorType::get(tensor.dims, type);
  graph::SourceAttr source;
  if (tensor.region)
    source = graph::SourceAttr::get(builder.getContext(), tensor.region->name,
                                    tensor.region->offset,
                                    tensor.region->length, tensorType);
  Location location = makeLocation(builder.getContext(),
                                   Origin{"parameter", name.name, {}, {}, 0});
  graph::AuthorAttr author;
  if (name.isWeight()) {
    SmallVector<int64_t> permutation;
    if (name.isTransposed)
      permutation = {1, 0};
    SmallVector<StringAttr> tied;
    for (const std::string &other : name.tied)
      tied.push_back(builder.getStringAttr(other));
    author = graph::AuthorAttr::get(builder.getContext(), permutation, tied);
  }
  return Val(graph::ParameterOp::create(builder, location, tensorType,
                                        name.name, source, IntegerAttr(),
                                        DenseI64ArrayAttr(), author, TypeAttr())
                 .getResult());
}

LogicalResult Importer::importInitializers(const Graph &graph, Scope &scope) {
  // Only what some node or output reads; a subgraph may read it too, so names
  // count wherever they stand.
  llvm::StringSet<> read;
  SmallVector<const Graph *> work{&graph};
  while (!work.empty()) {
    const Graph *next = work.pop_back_val();
    for (const ValueInfo &output : next->outputs)
      read.insert(output.name);
    for (const Node &node : next->nodes) {
      for (const std::string &input : node.inputs)
        read.insert(input);
      for (const Attribute &attribute : node.attributes)
        if (attribute.graph)
          work.push_back(attribute.graph.get());
    }
  }
  bool isMain = &graph == &model.graph;
  for (const auto &initializer : graph.initializers) {
    if (!read.contains(initializer->name))
      continue;
    if (!isMain && initializer->numElements() > 1 &&
        isa_and_nonnull<FloatType>(
            convertType(builder.getContext(), initializer->type)))
      unnamed.insert(initializer->name);
    FailureOr<Val> value =
        isMain ? importParameter(*initializer) : importTensor(*initializer);
    if (failed(value))
      return failure();
    scope.define(initializer->name, std::move(*value));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

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
    if (!value.absent() && !value.constant())
      return {};
    out << ' ' << static_cast<const void *>(value.constant());
  }
  return key;
}

LogicalResult Importer::importNode(const Node &node, size_t index,
                                   Frame &frame) {
  emit.setLocation(locate(node, index, frame));
  auto function =
      model.functions.find({node.domain, node.opType, node.overload});
  if (function != model.functions.end())
    return callFunction(function->second, node, frame);

  NodeContext context(*this, node, index, frame);
  const OpEntry *entry =
      OpRegistry::get().find(node.domain, node.opType, context.opset());
  if (!entry)
    return context.fail("op " + node.opType + " (domain " +
                        (node.domain.empty() ? "ai.onnx" : node.domain) +
                        ", opset " + Twine(context.opset()) +
                        ") is not supported");
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
    if (value && value->constant())
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

LogicalResult Importer::callFunction(const Function &function, const Node &node,
                                     Frame &frame) {
  NodeContext context(*this, node, 0, frame);
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
  for (const Attribute &attribute : node.attributes)
    if (const Attribute *value = context.attribute(attribute.name))
      attributes[attribute.name] = *value;
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

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> Importer::run() {
  std::vector<RankedTensorType> types;
  LogicalResult dims = bindDims(types), ops = checkOps();
  if (failed(dims) || failed(ops))
    return {};
  MLIRContext *context = builder.getContext();
  Location location = FileLineColLoc::get(context, model.path, 0, 0);
  OwningOpRef<ModuleOp> module(ModuleOp::create(location));
  builder.setInsertionPointToStart(module->getBody());
  SmallVector<Type> inputTypes(types.begin(), types.end());
  auto main = func::FuncOp::create(builder, location, "main",
                                   builder.getFunctionType(inputTypes, {}));
  Block *body = main.addEntryBlock();
  builder.setInsertionPointToStart(body);

  Scope scope(nullptr);
  for (auto [index, input] : llvm::enumerate(realInputs(model.graph))) {
    scope.define(input->name, Val(body->getArgument(index)));
    main.setArgAttr(index, graph::kNameAttr,
                    builder.getStringAttr(input->name));
  }
  Frame frame{scope, model.opsets, nullptr, std::nullopt};
  if (failed(importInitializers(model.graph, scope)) ||
      failed(importNodes(model.graph.nodes, frame)))
    return {};

  SmallVector<mlir::Value> results;
  SmallVector<Type> resultTypes;
  for (const ValueInfo &output : model.graph.outputs) {
    const Val *value = scope.find(output.name);
    if (!value->isTensor()) {
      error() << "output '" << output.name << "' is not a tensor";
      return {};
    }
    emit.setLocation(location);
    results.push_back(emit.operand(*value));
    resultTypes.push_back(results.back().getType());
  }
  if (results.empty()) {
    error() << "the graph has no outputs";
    return {};
  }
  func::ReturnOp::create(builder, location, results);
  main.setFunctionType(builder.getFunctionType(inputTypes, resultTypes));
  for (auto [index, output] : llvm::enumerate(model.graph.outputs))
    main.setResultAttr(index, graph::kNameAttr,
                       builder.getStringAttr(output.name));
  // All ops are pure: whatever nothing reads goes, last first.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>()) {
      if (auto parameter = dyn_cast<graph::ParameterOp>(op))
        unnamed.remove(parameter.getName());
      op.erase();
    }
  (*module)->setAttr(graph::kUnnamedAttr,
                     builder.getStrArrayAttr(unnamed.getArrayRef()));
  return module;
}

} // namespace vescale::onnx
