//===- Interpreter.cpp - The reference interpreter --------------*- C++ -*-===//

#include "vescale/Interpreter/Interpreter.h"
#include "dialects/Dist/Evaluate/Shard.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace vescale;

/// Calls may not nest deeper; a recursive program would never end.
static constexpr unsigned kMaxDepth = 64;

Interpreter::Interpreter(const Arithmetic &arithmetic, Parameters &parameters,
                         uint64_t seed)
    : parameters(parameters), context(arithmetic, seed) {
  context.loadParameter = [this](Operation *op) -> FailureOr<Tensor> {
    return this->parameters.load(cast<graph::ParameterOp>(op));
  };
  context.storeParameter = [this](Operation *op, const Tensor &value) {
    updates[op].push_back(value);
  };
}

//===----------------------------------------------------------------------===//
// Op by op
//===----------------------------------------------------------------------===//

static LogicalResult checkResult(Operation *op, const Tensor &tensor,
                                 Value result) {
  auto type = cast<RankedTensorType>(result.getType());
  if (tensor.getShape() == type.getShape() &&
      tensor.getElementType() == type.getElementType())
    return success();
  return op->emitOpError("was evaluated to ")
         << RankedTensorType::get(tensor.getShape(), tensor.getElementType())
         << ", but its result is " << type;
}

LogicalResult Interpreter::runOp(Operation *op, Values &values, int64_t ranks) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return runCall(call, values, ranks);
  if (auto collective = dyn_cast<EvaluateCollectiveOpInterface>(op)) {
    SmallVector<const Tensor *> operands;
    for (const Tensor &tensor : values[op->getOperand(0)])
      operands.push_back(&tensor);
    Tensors results = collective.evaluateOnRanks(operands, context);
    if (failed(results))
      return failure();
    for (const Tensor &tensor : *results)
      if (failed(checkResult(op, tensor, op->getResult(0))))
        return failure();
    values[op->getResult(0)].assign(std::make_move_iterator(results->begin()),
                                    std::make_move_iterator(results->end()));
    return success();
  }
  auto evaluate = dyn_cast<EvaluateOpInterface>(op);
  if (!evaluate)
    return op->emitOpError("has no reference evaluation: it does not implement "
                           "EvaluateOpInterface");
  std::vector<PerRank> perResult(op->getNumResults());
  for (int64_t rank = 0; rank < ranks; ++rank) {
    SmallVector<const Tensor *> operands;
    for (Value operand : op->getOperands())
      operands.push_back(&values[operand][rank]);
    context.rank = rank;
    Tensors results = evaluate.evaluate(operands, context);
    if (failed(results))
      return failure();
    for (auto [index, tensor] : llvm::enumerate(*results)) {
      if (failed(checkResult(op, tensor, op->getResult(index))))
        return failure();
      perResult[index].push_back(std::move(tensor));
    }
  }
  for (auto [result, tensors] : llvm::zip_equal(op->getResults(), perResult))
    values[result] = std::move(tensors);
  return success();
}

LogicalResult Interpreter::runCall(func::CallOp call, Values &values,
                                   int64_t ranks) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee)
    return call.emitOpError("calls a function that does not exist");
  std::vector<PerRank> arguments;
  for (Value operand : call.getOperands())
    arguments.push_back(values[operand]);
  auto results = runLocal(callee, std::move(arguments), ranks);
  if (failed(results))
    return failure();
  for (auto [result, tensors] : llvm::zip_equal(call.getResults(), *results))
    values[result] = std::move(tensors);
  return success();
}

FailureOr<SmallVector<Interpreter::PerRank>>
Interpreter::runLocal(func::FuncOp function, std::vector<PerRank> arguments,
                      int64_t ranks) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("needs a body of one block to be evaluated");
  if (depth == kMaxDepth)
    return function.emitOpError("is called more than ")
           << kMaxDepth << " levels deep";
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  Values values;
  for (auto [argument, tensors] :
       llvm::zip_equal(function.getArguments(), arguments))
    values[argument] = std::move(tensors);
  llvm::DenseMap<Value, int64_t> uses;
  for (Operation &op : function.front()) {
    if (isa<func::ReturnOp>(op))
      break;
    if (failed(runOp(&op, values, ranks)))
      return failure();
    // A value's memory goes with its last use.
    for (Value operand : op.getOperands())
      if (++uses[operand] ==
          std::distance(operand.use_begin(), operand.use_end()))
        values.erase(operand);
    for (Value result : op.getResults())
      if (result.use_empty())
        values.erase(result);
  }
  SmallVector<PerRank> results;
  for (Value operand : function.front().getTerminator()->getOperands())
    results.push_back(values[operand]);
  return results;
}

//===----------------------------------------------------------------------===//
// Whole programs
//===----------------------------------------------------------------------===//

static LogicalResult checkArguments(func::FuncOp function,
                                    ArrayRef<Tensor> arguments) {
  if (arguments.size() != function.getNumArguments())
    return function.emitOpError("takes ")
           << function.getNumArguments() << " arguments, but was given "
           << arguments.size();
  for (auto [index, tensor] : llvm::enumerate(arguments)) {
    RankedTensorType type = globalArgumentType(function, index);
    if (tensor.getShape() != type.getShape() ||
        tensor.getElementType() != type.getElementType())
      return function.emitOpError("argument ")
             << index << " is " << type << ", but was given "
             << RankedTensorType::get(tensor.getShape(),
                                      tensor.getElementType());
  }
  return success();
}

/// Gives the parameters the values that the run gave them; on several ranks
/// those together.
LogicalResult Interpreter::storeUpdates(func::FuncOp function,
                                        dist::MeshAttr mesh) {
  for (auto &[op, tensors] : updates) {
    auto parameter = cast<graph::ParameterOp>(op);
    RankedTensorType type = parameter.getGlobalType();
    FailureOr<Tensor> global = tensors.front();
    if (dist::LayoutAttr layout = dist::getLayout(type); layout && mesh)
      global = dist::unshard(
          tensors, type.getShape(), layout, mesh, context.arithmetic,
          [&] { return parameter.emitOpError("is updated, and "); });
    if (failed(global) || failed(parameters.store(parameter, *global)))
      return failure();
  }
  updates.clear();
  return success();
}

FailureOr<Interpreter::Globals> Interpreter::run(func::FuncOp function,
                                                 ArrayRef<Tensor> arguments) {
  if (isPartitioned(function))
    return function.emitOpError("is partitioned and must be run on all ranks");
  if (failed(checkArguments(function, arguments)))
    return failure();
  std::vector<PerRank> locals;
  for (const Tensor &argument : arguments)
    locals.push_back({argument});
  updates.clear();
  auto results = runLocal(function, std::move(locals), 1);
  if (failed(results) || failed(storeUpdates(function, {})))
    return failure();
  Globals globals;
  for (PerRank &tensors : *results)
    globals.push_back(std::move(tensors.front()));
  return globals;
}

/// The mesh that the function's layouts name, or failure with a diagnostic.
static FailureOr<dist::MeshAttr> findMesh(func::FuncOp function) {
  FlatSymbolRefAttr name;
  auto visit = [&](RankedTensorType type) -> LogicalResult {
    dist::LayoutAttr layout = dist::getLayout(type);
    if (!layout)
      return function.emitOpError("has an argument or result without a "
                                  "layout; run partition first");
    if (name && name != layout.getMesh())
      return function.emitOpError("spans the meshes ")
             << name << " and " << layout.getMesh()
             << "; only one can be evaluated";
    name = layout.getMesh();
    return success();
  };
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    if (failed(visit(globalArgumentType(function, index))))
      return failure();
  for (unsigned index = 0; index < function.getNumResults(); ++index)
    if (failed(visit(globalResultType(function, index))))
      return failure();
  dist::MeshAttr mesh = name ? dist::lookupMesh(function, name) : nullptr;
  if (!mesh)
    return function.emitOpError("names no mesh to run on");
  return mesh;
}

FailureOr<Interpreter::Globals>
Interpreter::runOnRanks(func::FuncOp function, ArrayRef<Tensor> arguments) {
  if (!isPartitioned(function))
    return function.emitOpError("is not partitioned, so it has no ranks");
  FailureOr<dist::MeshAttr> mesh = findMesh(function);
  if (failed(mesh) || failed(checkArguments(function, arguments)))
    return failure();
  std::vector<PerRank> locals;
  for (auto [index, argument] : llvm::enumerate(arguments)) {
    auto layout = dist::getLayout(globalArgumentType(function, index));
    locals.push_back(dist::shardOnRanks(argument, layout, *mesh, context));
  }
  updates.clear();
  auto results = runLocal(function, std::move(locals), mesh->getNumRanks());
  if (failed(results) || failed(storeUpdates(function, *mesh)))
    return failure();
  Globals globals;
  for (auto [index, tensors] : llvm::enumerate(*results)) {
    RankedTensorType type = globalResultType(function, index);
    auto global = dist::unshard(tensors, type.getShape(), dist::getLayout(type),
                                *mesh, context.arithmetic, [&, index = index] {
                                  return function.emitOpError("result ")
                                         << index << ": ";
                                });
    if (failed(global))
      return failure();
    globals.push_back(std::move(*global));
  }
  return globals;
}
