//===- Quantization.cpp - Between floats and scaled whole numbers ---------===//
//
// Signed types only: the compiler has no unsigned ones.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

/// A scale or zero point for each element of `shape`: one for all, one for each
/// position along an axis, or one for each block along it.
FailureOr<Val> spreadScale(NodeContext &n, Val value, ShapeRef shape) {
  Emitter &e = n.e;
  int64_t rank = shape.size(), block = n.integer("block_size", 0);
  if (block == 0 && value.size() == 1)
    return e.broadcastTo(e.reshape(value, {}), shape);
  FailureOr<int64_t> axis = n.axis(n.integer("axis", 1), rank);
  if (failed(axis))
    return failure();
  if (block == 0 && value.shape() == ShapeRef({shape[*axis]}))
    return e.broadcast(value, {*axis}, shape);
  if (block > 0 && value.rank() == rank &&
      value.dim(*axis) == (shape[*axis] - 1) / block + 1) {
    Shape wide(value.shape()), dims, merged(value.shape()), front(shape);
    wide.insert(wide.begin() + *axis + 1, block);
    merged[*axis] *= block;
    for (int64_t dim = 0; dim < rank; ++dim)
      dims.push_back(dim <= *axis ? dim : dim + 1);
    Val repeated = e.reshape(e.broadcast(value, dims, wide), merged);
    return e.slice(repeated, Shape(rank, 0), front, Shape(rank, 1));
  }
  return n.fail("scales or zero points of shape " +
                describeShape(value.shape()) + " do not fit " +
                describeShape(shape));
}

LogicalResult importDequantize(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0), &scale = n.in(1), &zero = n.in(2);
  if (x.isFloat() || x.isBool() || !scale.isFloat())
    return n.error() << "elements of type " << x.type() << " with scales of "
                     << scale.type() << " are not supported";
  if (!zero.absent() && zero.type() != x.type())
    return n.fail("the zero point's element type is not the operand's");
  n.ignore({"axis", "block_size"});
  Type type = scale.type();
  if (int64_t given = n.integer("output_dtype", 0)) {
    FailureOr<Type> named = n.elementType(given);
    if (failed(named))
      return failure();
    type = *named;
  }
  FailureOr<Val> factor = spreadScale(n, scale, x.shape());
  if (failed(factor))
    return failure();
  Type i32 = Builder(e.context()).getI32Type();
  Val steps = e.cast(x, i32);
  if (!zero.absent()) {
    FailureOr<Val> offset = spreadScale(n, zero, x.shape());
    if (failed(offset))
      return failure();
    steps = e.binary(Binary::Sub, steps, e.cast(*offset, i32));
  }
  Val result = e.binary(Binary::Mul, e.cast(steps, scale.type()), *factor);
  return n.set(e.cast(result, type));
}

LogicalResult importQuantize(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0), &scale = n.in(1), &zero = n.in(2);
  if (!x.isFloat() || scale.type() != x.type())
    return n.error() << "elements of type " << x.type() << " with scales of "
                     << scale.type() << " are not supported";
  n.ignore({"axis", "block_size", "saturate", "precision"});
  // Without a zero point and a type the standard means uint8.
  int64_t named = n.integer("output_dtype", 0);
  if (named == 0)
    named = static_cast<int64_t>(ElementType::UInt8);
  FailureOr<Type> type =
      zero.absent() ? n.elementType(named) : FailureOr<Type>(zero.type());
  if (failed(type))
    return failure();
  if (!type->isInteger(8) && !type->isInteger(16))
    return n.error() << "elements can't be quantized to " << *type;
  FailureOr<Val> factor = spreadScale(n, scale, x.shape());
  if (failed(factor))
    return failure();
  Val steps = e.unary(Unary::Round, e.binary(Binary::Div, x, *factor));
  if (!zero.absent()) {
    FailureOr<Val> offset = spreadScale(n, zero, x.shape());
    if (failed(offset))
      return failure();
    steps = e.binary(Binary::Add, steps, e.cast(*offset, x.type()));
  }
  double highest =
      double((int64_t(1) << (type->getIntOrFloatBitWidth() - 1)) - 1);
  steps = e.binary(Binary::Max, e.binary(Binary::Min, steps, highest),
                   -highest - 1);
  return n.set(e.cast(steps, *type));
}

} // namespace

void addQuantizationOps(OpRegistry &r) {
  r.add("DequantizeLinear", 2, importDequantize);
  r.add("QuantizeLinear", 2, importQuantize);
}

} // namespace vescale::onnx
