//===- Importer.cpp - From a checked ONNX model to a graph module ---------===//
//
//   1. Bind dynamic dimensions; list those that have no size (ImportInputs).
//   2. List every op that can't be imported, all at once (SupportedOps).
//   3. Make `main`, its arguments and parameters; import node by node
//      (ImportNodes).
//   4. Drop parameters and constants that nothing reads.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Importer.h"
#include "dialects/Graph/Dropout.h"
#include "dialects/Graph/Statistics.h"
#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Origins.h"
#include "lib/Frontend/Onnx/Reader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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
  if (!value.isKnown() || value.size() > maxElements)
    return value;
  const Constant *constant = value.constant();
  std::string key;
  llvm::raw_string_ostream out(key);
  out << constant->type << describeShape(constant->shape);
  for (int64_t number : constant->ints)
    out << ',' << number;
  for (double number : constant->floats)
    out << ';' << llvm::bit_cast<uint64_t>(number);
  return interned.try_emplace(key, Val(*constant)).first->second;
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
                                        DenseI64ArrayAttr(), author,
                                        ElementsAttr(), TypeAttr())
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
// The module
//===----------------------------------------------------------------------===//

void Importer::addStatistic(const Val &value) {
  if (auto op = emit.operand(value).getDefiningOp<graph::ParameterOp>())
    statistics.insert(op.getNameAttr());
}

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
  for (auto [name, texts] :
       {std::pair(graph::kDropoutsOffAttr, dropoutsOff.getArrayRef()),
        {graph::kStatisticsAttr, statistics.getArrayRef()}})
    if (!texts.empty())
      (*module)->setAttr(name, builder.getArrayAttr(texts));
  return module;
}

} // namespace vescale::onnx
