//===- Differentiate.cpp - Functions with their gradients -------*- C++ -*-===//

#include "passes/Train/Gradients.h"
#include "passes/Train/Passes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace vescale::train {
#define GEN_PASS_DEF_TRAINDIFFERENTIATE
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

namespace {
struct Trained {
  Value value;
  std::string name;
};

struct TrainDifferentiatePass
    : train::impl::TrainDifferentiateBase<TrainDifferentiatePass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(differentiate(function)))
        return signalPassFailure();
  }

  LogicalResult differentiate(func::FuncOp function);
};
} // namespace

static bool isFloat(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType>(tensor.getElementType());
}

static SmallVector<Trained> findTrained(func::FuncOp function) {
  SmallVector<Trained> trained;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    if (!function.getArgAttr(index, kTrainedAttr) ||
        !isFloat(argument.getType()))
      continue;
    auto name = function.getArgAttrOfType<StringAttr>(index, kNameAttr);
    trained.push_back(
        {argument, name ? name.str() : "arg" + std::to_string(index)});
  }
  for (auto parameter : function.getOps<ParameterOp>())
    if (parameter->hasAttr(kTrainedAttr) && isFloat(parameter.getType()))
      trained.push_back({parameter, parameter.getName().str()});
  return trained;
}

/// Zeros of the value's type.
static Value makeZeros(OpBuilder &builder, Value value) {
  auto type = typeOf(value);
  Value zeros = ConstantOp::create(
      builder, value.getLoc(),
      DenseElementsAttr::get(type, builder.getZeroAttr(type.getElementType())));
  zeros.getDefiningOp()->setAttr(kBackwardAttr, builder.getUnitAttr());
  return zeros;
}

LogicalResult TrainDifferentiatePass::differentiate(func::FuncOp function) {
  if (function.isExternal() || function.getNumResults() == 0)
    return success();
  auto loss = dyn_cast<RankedTensorType>(function.getResultTypes().front());
  if (!loss || loss.getRank() != 0 || !isFloat(loss))
    return success();
  SmallVector<Trained> trained = findTrained(function);
  SmallVector<Value> values = llvm::map_to_vector(
      trained, [](const Trained &entry) { return entry.value; });
  Operation *terminator = function.front().getTerminator();
  auto gradients =
      train::buildGradients(function, terminator->getOperand(0), values);
  if (failed(gradients))
    return failure();
  OpBuilder builder(terminator);
  for (auto [entry, gradient] : llvm::zip_equal(trained, gradients->values)) {
    if (!gradient)
      gradient = makeZeros(builder, entry.value);
    terminator->insertOperands(terminator->getNumOperands(), gradient);
    auto name = builder.getNamedAttr(
        kNameAttr, builder.getStringAttr("gradient(" + entry.name + ")"));
    if (failed(function.insertResult(function.getNumResults(),
                                     gradient.getType(),
                                     builder.getDictionaryAttr(name))))
      return failure();
  }
  return success();
}
