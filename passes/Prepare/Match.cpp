//===- Match.cpp - Recognising meaning in graphs ----------------*- C++ -*-===//

#include "passes/Prepare/Match.h"
#include "dialects/Graph/Fold/Elements.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

std::optional<double> prepare::scalarOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<ConstantOp>(op))
      return splatNumber(constant.getValue());
    if (!isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>(op) ||
        typeOf(value).getNumElements() == 0)
      return std::nullopt;
    value = op->getOperand(0);
  }
  return std::nullopt;
}

bool prepare::isClose(Value value, double actual, double expected) {
  auto type = dyn_cast<FloatType>(typeOf(value).getElementType());
  if (!type)
    return actual == expected;
  double ulp = std::ldexp(1.0, 1 - static_cast<int>(type.getFPMantissaWidth()));
  return std::fabs(actual - expected) <= 4 * ulp * std::fabs(expected);
}

bool prepare::isScalar(Value value, double expected) {
  std::optional<double> number = scalarOf(value);
  return number && isClose(value, *number, expected);
}

Scaled prepare::matchScaled(Value value) {
  Scaled scaled{value};
  while (Operation *op = scaled.base.getDefiningOp()) {
    if (auto neg = dyn_cast<NegOp>(op)) {
      scaled = {neg.getInput(), -scaled.factor};
    } else if (auto div = dyn_cast<DivOp>(op)) {
      std::optional<double> by = scalarOf(div.getRhs());
      if (!by || *by == 0 || !isa<FloatType>(typeOf(value).getElementType()))
        break;
      scaled = {div.getLhs(), scaled.factor / *by};
    } else if (!matchCommuted<MulOp>(scaled.base, [&](Value x, Value c) {
                 std::optional<double> by = scalarOf(c);
                 if (by)
                   scaled = {x, scaled.factor * *by};
                 return by.has_value();
               })) {
      break;
    }
  }
  return scaled;
}

Power prepare::matchPower(Value value) {
  Power power{value};
  while (Operation *op = power.base.getDefiningOp()) {
    if (isa<ReshapeOp>(op))
      power.base = op->getOperand(0);
    else if (isa<SqrtOp>(op))
      power = {op->getOperand(0), power.exponent * 0.5};
    else if (isa<RsqrtOp>(op))
      power = {op->getOperand(0), power.exponent * -0.5};
    else if (isa<ReciprocalOp>(op))
      power = {op->getOperand(0), -power.exponent};
    else if (auto div = dyn_cast<DivOp>(op); div && isScalar(div.getLhs(), 1))
      power = {div.getRhs(), -power.exponent};
    else if (auto pow = dyn_cast<PowOp>(op); pow && scalarOf(pow.getRhs()))
      power = {pow.getLhs(), power.exponent * *scalarOf(pow.getRhs())};
    else
      break;
  }
  return power;
}

Value prepare::matchSquare(Value value) {
  if (auto pow = value.getDefiningOp<PowOp>())
    return isScalar(pow.getRhs(), 2) ? pow.getLhs() : Value();
  if (auto mul = value.getDefiningOp<MulOp>())
    return mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
  return {};
}

Value prepare::skipReshapes(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

std::optional<RowBroadcast> prepare::matchRowBroadcast(Value full) {
  auto broadcast = full.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return std::nullopt;
  // Dimensions of size 1 are the operand's; those behind the rows don't count.
  ArrayRef<int64_t> shape = shapeOf(full);
  int64_t axis = shape.size();
  while (axis > 0 && (shape[axis - 1] == 1 ||
                      !llvm::is_contained(broadcast.getDims(), axis - 1)))
    --axis;
  while (axis < static_cast<int64_t>(shape.size()) && shape[axis] == 1)
    ++axis;
  for (int64_t dim = 0; dim < axis; ++dim)
    if (!llvm::is_contained(broadcast.getDims(), dim))
      return std::nullopt;
  return RowBroadcast{broadcast.getInput(), axis};
}

Value prepare::matchTrailingBroadcast(Value full, int64_t axis) {
  auto broadcast = full.getDefiningOp<BroadcastOp>();
  for (auto [dim, size] : llvm::enumerate(shapeOf(full))) {
    int64_t index = dim;
    bool own = !broadcast || llvm::is_contained(broadcast.getDims(), index);
    if (size != 1 && own != (index >= axis))
      return {};
  }
  return broadcast ? broadcast.getInput() : full;
}

Value prepare::matchRowReduction(Value row, Reduction kind, int64_t axis) {
  auto reduce = skipReshapes(row).getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != kind)
    return {};
  int64_t rank = rankOf(reduce.getInput());
  int64_t count = reduce.getDims().size();
  // Dimensions of size 1 may be among the reduced ones or not.
  for (int64_t dim = 0; dim < rank; ++dim)
    if (shapeOf(reduce.getInput())[dim] != 1 &&
        llvm::is_contained(reduce.getDims(), dim) != (dim >= axis))
      return {};
  return count ? reduce.getInput() : Value();
}

Value prepare::matchMean(Value row, int64_t axis) {
  Scaled scaled{row};
  for (Value next = row;; next = skipReshapes(scaled.base)) {
    Scaled step = matchScaled(next);
    scaled = {step.base, scaled.factor * step.factor};
    if (skipReshapes(step.base) == step.base)
      break;
  }
  Value x = matchRowReduction(scaled.base, Reduction::Sum, axis);
  if (!x || typeOf(x).getNumElements() == 0)
    return {};
  int64_t count = 1;
  for (int64_t size : shapeOf(x).drop_front(axis))
    count *= size;
  return isClose(x, scaled.factor, 1.0 / count) ? x : Value();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

bool prepare::isElementwise(Operation *op) {
  return isa<NegOp, AbsOp, SignOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ReciprocalOp,
             TanhOp, ErfOp, SinOp, CosOp, SigmoidOp, FloorOp, CeilOp, RoundOp,
             ReluOp, SiluOp, NotOp, GeluOp, IsNanOp, CastOp, AddOp, SubOp,
             MulOp, DivOp, RemOp, PowOp, MaxOp, MinOp, AndOp, OrOp, XorOp,
             CompareOp, SelectOp>(op);
}

Value prepare::squeezeBroadcast(OpBuilder &builder, Location loc, Value value) {
  SmallVector<int64_t> shape(shapeOf(value));
  if (auto constant = value.getDefiningOp<ConstantOp>()) {
    auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
    if (!splat)
      return value;
    shape.assign(shape.size(), 1);
    return ConstantOp::create(builder, loc,
                              splat.resizeSplat(RankedTensorType::get(
                                  shape, splat.getElementType())));
  }
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return value;
  for (int64_t dim = 0, rank = shape.size(); dim < rank; ++dim)
    if (!llvm::is_contained(broadcast.getDims(), dim))
      shape[dim] = 1;
  return createReshape(builder, loc, broadcast.getInput(), shape);
}

Value prepare::createReshape(OpBuilder &builder, Location loc, Value value,
                             ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  return ReshapeOp::create(
      builder, loc,
      RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

Value prepare::createTranspose(OpBuilder &builder, Location loc, Value value,
                               ArrayRef<int64_t> permutation) {
  if (isIdentityPermutation(permutation))
    return value;
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(shapeOf(value)[dim]);
  return TransposeOp::create(
      builder, loc,
      RankedTensorType::get(shape, typeOf(value).getElementType()), value,
      permutation);
}

Value prepare::createSlice(OpBuilder &builder, Location loc, Value value,
                           int64_t dim, int64_t start, int64_t count) {
  SmallVector<int64_t> shape(shapeOf(value));
  if (shape[dim] == count)
    return value;
  SmallVector<int64_t> starts(shape.size(), 0), limits(shape),
      strides(shape.size(), 1);
  starts[dim] = start;
  limits[dim] = start + count;
  shape[dim] = count;
  return SliceOp::create(
      builder, loc,
      RankedTensorType::get(shape, typeOf(value).getElementType()), value,
      starts, limits, strides);
}

Location prepare::fuseLocations(ArrayRef<Value> values) {
  SmallVector<Location> locations;
  for (Value value : values)
    if (!isa<UnknownLoc>(value.getLoc()))
      locations.push_back(value.getLoc());
  return FusedLoc::get(values.front().getContext(), locations);
}
