//===- LinalgEvaluate.cpp - Evaluation of linalg ops ------------*- C++ -*-===//
//
// The definition of a structured op: for each point of the iteration space, in
// row-major order, the region on the elements that the indexing maps pick.
//
//===----------------------------------------------------------------------===//
#include "dialects/External/Linalg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;

using ScalarValues = llvm::DenseMap<Value, Element>;

/// Whether the order, none with NaN, satisfies the predicate.
static bool holds(arith::CmpFPredicate predicate, std::optional<int> order) {
  auto bits = static_cast<uint64_t>(predicate);
  // The predicates are sets of outcomes: 1 equal, 2 greater, 4 less, 8 with
  // NaN.
  uint64_t outcome = !order ? 8 : *order == 0 ? 1 : *order > 0 ? 2 : 4;
  return bits & outcome;
}

static std::optional<bool> holds(arith::CmpIPredicate predicate, int order) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return order == 0;
  case arith::CmpIPredicate::ne:
    return order != 0;
  case arith::CmpIPredicate::slt:
    return order < 0;
  case arith::CmpIPredicate::sle:
    return order <= 0;
  case arith::CmpIPredicate::sgt:
    return order > 0;
  case arith::CmpIPredicate::sge:
    return order >= 0;
  default:
    return std::nullopt; // unsigned
  }
}

static Element absolute(const Elements &e, Element x) {
  std::optional<int> order = e.compare(x, e.integer(0));
  return order && *order < 0 ? e.neg(x) : x;
}

/// The result of one op of the region, or none if it is not known.
static std::optional<Element> evaluateScalar(Operation *op, ArrayRef<Element> x,
                                             ArrayRef<int64_t> point,
                                             const Arithmetic &arithmetic) {
  Type type = op->getResult(0).getType();
  Type from = op->getNumOperands() ? op->getOperand(0).getType() : type;
  if (!type.isIntOrIndexOrFloat() || !from.isIntOrIndexOrFloat())
    return std::nullopt;
  Elements e(arithmetic, from), to(arithmetic, type);
  using Result = std::optional<Element>;
  Result result =
      llvm::TypeSwitch<Operation *, Result>(op)
          .Case([&](arith::ConstantOp c) { return to.attribute(c.getValue()); })
          .Case([&](linalg::IndexOp i) { return Element(point[i.getDim()]); })
          .Case<arith::AddFOp, arith::AddIOp>(
              [&](auto) { return e.add(x[0], x[1]); })
          .Case<arith::SubFOp, arith::SubIOp>(
              [&](auto) { return e.sub(x[0], x[1]); })
          .Case<arith::MulFOp, arith::MulIOp>(
              [&](auto) { return e.mul(x[0], x[1]); })
          .Case<arith::DivFOp, arith::DivSIOp>(
              [&](auto) { return e.div(x[0], x[1]); })
          .Case<arith::RemFOp, arith::RemSIOp>(
              [&](auto) { return e.rem(x[0], x[1]); })
          .Case<arith::NegFOp>([&](auto) { return e.neg(x[0]); })
          .Case<arith::MaximumFOp, arith::MaxSIOp>(
              [&](auto) { return e.max(x[0], x[1]); })
          .Case<arith::MinimumFOp, arith::MinSIOp>(
              [&](auto) { return e.min(x[0], x[1]); })
          .Case<arith::AndIOp>([&](auto) { return x[0] & x[1]; })
          .Case<arith::OrIOp>([&](auto) { return x[0] | x[1]; })
          .Case<arith::XOrIOp>([&](auto) { return x[0] ^ x[1]; })
          .Case([&](arith::CmpFOp c) {
            return Element(holds(c.getPredicate(), e.compare(x[0], x[1])));
          })
          .Case([&](arith::CmpIOp c) -> Result {
            std::optional<bool> value =
                holds(c.getPredicate(), *e.compare(x[0], x[1]));
            return value ? Result(*value) : std::nullopt;
          })
          .Case<arith::SelectOp>([&](auto) { return x[0] ? x[1] : x[2]; })
          .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) { return x[0]; })
          .Case<arith::SIToFPOp, arith::IndexCastOp, arith::ExtSIOp,
                arith::TruncIOp>([&](auto) { return to.integer(x[0]); })
          .Case<arith::FPToSIOp>([&](auto) {
            return Element(
                arithmetic.toInteger(x[0], type.getIntOrFloatBitWidth()));
          })
          .Case<math::ExpOp>([&](auto) { return e.exp(x[0]); })
          .Case<math::LogOp>([&](auto) { return e.apply(Function::Log, x[0]); })
          .Case<math::TanhOp>(
              [&](auto) { return e.apply(Function::Tanh, x[0]); })
          .Case<math::ErfOp>([&](auto) { return e.apply(Function::Erf, x[0]); })
          .Case<math::SinOp>([&](auto) { return e.apply(Function::Sin, x[0]); })
          .Case<math::CosOp>([&](auto) { return e.apply(Function::Cos, x[0]); })
          .Case<math::FloorOp>(
              [&](auto) { return e.apply(Function::Floor, x[0]); })
          .Case<math::CeilOp>(
              [&](auto) { return e.apply(Function::Ceil, x[0]); })
          .Case<math::RoundEvenOp>(
              [&](auto) { return e.apply(Function::Round, x[0]); })
          .Case<math::SqrtOp>([&](auto) { return e.sqrt(x[0]); })
          .Case<math::RsqrtOp>([&](auto) { return e.rsqrt(x[0]); })
          .Case<math::AbsFOp, math::AbsIOp>(
              [&](auto) { return absolute(e, x[0]); })
          .Case<math::PowFOp>([&](auto) { return e.pow(x[0], x[1]); })
          .Default([](Operation *) { return Result(); });
  return result ? Result(to.round(*result)) : result;
}

/// Runs the region's block on the scalars; the terminator's operands come back.
static FailureOr<SmallVector<Element>> runRegion(linalg::LinalgOp op,
                                                 ScalarValues &values,
                                                 ArrayRef<int64_t> point,
                                                 const Arithmetic &arithmetic) {
  SmallVector<Element> operands;
  auto collect = [&](Operation *inner) -> LogicalResult {
    operands.clear();
    for (Value operand : inner->getOperands()) {
      auto known = values.find(operand);
      if (known == values.end())
        return op->emitOpError("uses a value from outside its region, which "
                               "cannot be evaluated");
      operands.push_back(known->second);
    }
    return success();
  };
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (inner.getNumResults() != 1 || inner.getNumRegions() != 0)
      return inner.emitOpError("cannot be evaluated inside of a linalg op");
    if (failed(collect(&inner)))
      return failure();
    std::optional<Element> value =
        evaluateScalar(&inner, operands, point, arithmetic);
    if (!value)
      return inner.emitOpError("cannot be evaluated inside of a linalg op");
    values[inner.getResult(0)] = *value;
  }
  if (failed(collect(op.getBlock()->getTerminator())))
    return failure();
  return operands;
}

Tensors vescale::evaluateLinalg(linalg::LinalgOp op,
                                ArrayRef<const Tensor *> operands,
                                EvaluateContext &context) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned inputs = op.getNumDpsInputs();
  SmallVector<Tensor, 1> results;
  for (const Tensor *init : operands.drop_front(inputs))
    results.push_back(*init);
  LogicalResult status = success();
  forEachIndex(op.getStaticLoopRanges(), [&](ArrayRef<int64_t> point, int64_t) {
    if (failed(status))
      return;
    ScalarValues values;
    for (auto [index, argument] :
         llvm::enumerate(op.getBlock()->getArguments())) {
      const Tensor &tensor =
          index < inputs ? *operands[index] : results[index - inputs];
      values[argument] = tensor.at(maps[index].compose(point));
    }
    auto yielded = runRegion(op, values, point, context.arithmetic);
    if (failed(yielded)) {
      status = failure();
      return;
    }
    for (auto [index, element] : llvm::enumerate(*yielded))
      results[index].at(maps[inputs + index].compose(point)) = element;
  });
  if (failed(status))
    return failure();
  return results;
}
