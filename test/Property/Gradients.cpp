//===- Gradients.cpp - Random programs that are differentiated --*- C++ -*-===//

#include "Gradients.h"
#include "passes/Train/Gradients.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

static bool isFloat(Value value) {
  return isa<FloatType>(graph::typeOf(value).getElementType());
}

bool test::hasDerivatives(func::FuncOp main) {
  return llvm::any_of(main.front(), [](Operation &op) {
    return isa<graph::UnpoolOp>(op) ||
           op.getName().getStringRef().ends_with("_grad");
  });
}

/// The sum of the elements' products, as f64.
static Value weightedSum(Generator &g, Value value, Value weights) {
  OpBuilder &builder = g.builder;
  RankedTensorType type = graph::typeOf(value);
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  Value sum = graph::MulOp::create(builder, g.loc, type, value, weights);
  if (!dims.empty())
    sum = graph::ReduceOp::create(builder, g.loc,
                                  g.type({}, type.getElementType()),
                                  graph::Reduction::Sum, sum, dims);
  auto scalar = g.type({}, builder.getF64Type());
  if (sum.getType() == scalar)
    return sum;
  return graph::CastOp::create(builder, g.loc, scalar, sum);
}

FailureOr<Gradients> test::addGradients(Generator &g) {
  Gradients derived;
  for (Value argument : g.main.getArguments())
    if (isFloat(argument))
      derived.values.push_back(argument);
  for (auto parameter : g.main.getOps<graph::ParameterOp>())
    if (isFloat(parameter))
      derived.values.push_back(parameter);
  Operation *terminator = g.main.front().getTerminator();
  g.builder.setInsertionPoint(terminator);
  Value loss;
  for (Value result : SmallVector<Value>(terminator->getOperands())) {
    if (!isFloat(result))
      continue;
    Value sum = weightedSum(g, result, g.input(graph::typeOf(result)));
    loss = loss ? Value(graph::AddOp::create(g.builder, g.loc, sum.getType(),
                                             loss, sum))
                : sum;
  }
  if (!loss || derived.values.empty())
    return Gradients();
  auto gradients = train::buildGradients(g.main, loss, derived.values);
  if (failed(gradients))
    return failure();
  derived.gradients = gradients->values;
  SmallVector<Value> results = {loss};
  for (Value gradient : derived.gradients)
    if (gradient)
      results.push_back(gradient);
  terminator->setOperands(results);
  g.main.setFunctionType(g.builder.getFunctionType(
      g.main.getArgumentTypes(), ValueRange(results).getTypes()));
  return derived;
}
