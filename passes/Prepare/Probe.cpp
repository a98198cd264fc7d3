//===- Probe.cpp - Single elements of values known at compile time --------===//

#include "passes/Prepare/Probe.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static bool isReadable(Operation *op) {
  return isa<ConstantOp, IotaOp, BroadcastOp, ReshapeOp, TransposeOp, SliceOp,
             CastOp, CompareOp, AndOp, OrOp, XorOp, NotOp, SelectOp, AddOp,
             SubOp, MulOp, MaxOp, MinOp, NegOp>(op);
}

bool Probe::isKnown(Value value) {
  auto [entry, isNew] = known.try_emplace(value, false);
  if (!isNew)
    return entry->second;
  Operation *op = value.getDefiningOp();
  bool result = op && isReadable(op);
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    result = isa<DenseElementsAttr>(constant.getValue());
  for (unsigned i = 0; result && i < op->getNumOperands(); ++i)
    result = isKnown(op->getOperand(i));
  return known[value] = result;
}

static double readConstant(ConstantOp op, ArrayRef<int64_t> index) {
  auto dense = cast<DenseElementsAttr>(op.getValue());
  int64_t flat = linearize(index, computeStrides(shapeOf(op.getResult())));
  if (isa<FloatType>(dense.getElementType())) {
    APFloat value = *(dense.value_begin<APFloat>() + flat);
    bool losesInfo;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
    return value.convertToDouble();
  }
  APInt value = *(dense.value_begin<APInt>() + flat);
  return dense.getElementType().isInteger(1)
             ? static_cast<double>(value.getZExtValue())
             : static_cast<double>(value.getSExtValue());
}

static bool holds(Comparison comparison, double x, double y) {
  switch (comparison) {
  case Comparison::Eq:
    return x == y;
  case Comparison::Ne:
    return x != y;
  case Comparison::Lt:
    return x < y;
  case Comparison::Le:
    return x <= y;
  case Comparison::Gt:
    return x > y;
  case Comparison::Ge:
    return x >= y;
  }
  llvm_unreachable("not a comparison");
}

double Probe::at(Value value, ArrayRef<int64_t> index) {
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned i) { return at(op->getOperand(i), index); };
  auto bits = [&](unsigned i) { return static_cast<int64_t>(operand(i)); };
  bool isBool = typeOf(value).getElementType().isInteger(1);
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<ConstantOp>([&](auto op) { return readConstant(op, index); })
      .Case<IotaOp>([&](auto op) {
        return static_cast<double>(index[op.getDim()]);
      })
      .Case<BroadcastOp>([&](auto op) {
        SmallVector<int64_t> inner;
        for (int64_t dim : op.getDims())
          inner.push_back(index[dim]);
        return at(op.getInput(), inner);
      })
      .Case<ReshapeOp>([&](auto op) {
        int64_t flat = linearize(index, computeStrides(shapeOf(value)));
        return at(op.getInput(),
                  delinearize(flat, computeStrides(shapeOf(op.getInput()))));
      })
      .Case<TransposeOp>([&](auto op) {
        SmallVector<int64_t> inner(index.size());
        for (auto [to, from] : llvm::enumerate(op.getPermutation()))
          inner[from] = index[to];
        return at(op.getInput(), inner);
      })
      .Case<SliceOp>([&](auto op) {
        SmallVector<int64_t> inner(op.getStarts());
        for (size_t dim = 0; dim < inner.size(); ++dim)
          inner[dim] += index[dim] * op.getStrides()[dim];
        return at(op.getInput(), inner);
      })
      .Case<CastOp>([&](auto op) {
        double number = operand(0);
        if (isBool)
          return number != 0 ? 1.0 : 0.0;
        bool toInt = isa<IntegerType>(typeOf(value).getElementType());
        return toInt ? std::trunc(number) : number;
      })
      .Case<CompareOp>([&](auto op) {
        return holds(op.getComparison(), operand(0), operand(1)) ? 1.0 : 0.0;
      })
      .Case<AndOp>([&](auto) { return double(bits(0) & bits(1)); })
      .Case<OrOp>([&](auto) { return double(bits(0) | bits(1)); })
      .Case<XorOp>([&](auto) { return double(bits(0) ^ bits(1)); })
      .Case<NotOp>([&](auto) { return isBool ? 1 - operand(0) : double(~bits(0)); })
      .Case<SelectOp>([&](auto) { return operand(operand(0) != 0 ? 1 : 2); })
      .Case<AddOp>([&](auto) { return operand(0) + operand(1); })
      .Case<SubOp>([&](auto) { return operand(0) - operand(1); })
      .Case<MulOp>([&](auto) { return operand(0) * operand(1); })
      .Case<MaxOp>([&](auto) { return std::max(operand(0), operand(1)); })
      .Case<MinOp>([&](auto) { return std::min(operand(0), operand(1)); })
      .Case<NegOp>([&](auto) { return -operand(0); });
}
