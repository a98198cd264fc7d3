//===- Constants.cpp - Tensors that are made rather than computed ---------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult importConstant(NodeContext &n) {
  Emitter &e = n.e;
  Builder builder(e.context());
  for (const Attribute &entry : n.getNode().attributes) {
    const Attribute *attribute = n.attribute(entry.name);
    if (!attribute)
      continue;
    if (entry.name == "value" && attribute->tensor) {
      FailureOr<Val> value = n.getImporter().importTensor(*attribute->tensor);
      return failed(value) ? failure() : n.set(*value);
    }
    if (entry.name == "value_float")
      return n.set(e.scalar(builder.getF32Type(), attribute->f));
    if (entry.name == "value_int") {
      Constant result(e.i64(), {});
      result.ints[0] = attribute->i;
      return n.set(Val(std::move(result)));
    }
    if (entry.name == "value_ints")
      return n.set(e.integers(attribute->ints));
    if (entry.name == "value_floats") {
      Constant result(builder.getF32Type(),
                      {static_cast<int64_t>(attribute->floats.size())});
      result.floats = attribute->floats;
      return n.set(Val(std::move(result)));
    }
  }
  return n.fail(
      "holds no tensor of numbers; strings and sparse tensors are not "
      "supported");
}

LogicalResult importConstantOfShape(NodeContext &n) {
  FailureOr<Shape> shape = n.known(0, "the shape");
  if (failed(shape))
    return failure();
  if (!elementCount(*shape))
    return n.fail("the result would have the shape " + describeShape(*shape));
  Val value = n.e.scalar(Builder(n.e.context()).getF32Type(), 0);
  if (const Attribute *attribute = n.attribute("value");
      attribute && attribute->tensor) {
    FailureOr<Val> tensor = n.getImporter().importTensor(*attribute->tensor);
    if (failed(tensor))
      return failure();
    if (tensor->size() != 1)
      return n.fail("the value must have one element");
    value = n.e.reshape(*tensor, {});
  }
  return n.set(n.e.broadcastTo(value, *shape));
}

LogicalResult importRange(NodeContext &n) {
  Emitter &e = n.e;
  Type type = n.in(0).type();
  double bounds[3];
  for (unsigned i = 0; i < 3; ++i) {
    const Constant *bound = n.in(i).constant();
    if (!bound)
      return n.fail("start, limit and delta must be known when the model is "
                    "compiled");
    if (bound->size() != 1 || bound->type != type || n.in(i).isBool())
      return n.fail("start, limit and delta must be scalars of one type");
    bounds[i] = bound->number(0);
  }
  auto [start, limit, delta] = bounds;
  constexpr double maxCount = double(int64_t(1) << 40);
  double count = std::ceil((limit - start) / delta);
  if (delta == 0 || std::isnan(count) || count > maxCount)
    return n.fail("from " + Twine(int64_t(start)) + " in steps of " +
                  Twine(int64_t(delta)) + " never arrives");
  Shape shape{std::max<int64_t>(static_cast<int64_t>(count), 0)};
  Val result = e.iota(type, shape, 0);
  if (delta != 1)
    result = e.binary(Binary::Mul, result, delta);
  if (start != 0)
    result = e.binary(Binary::Add, result, start);
  return n.set(result);
}

/// Column index minus row index of the last two dimensions of `shape`.
Val diagonalOf(Emitter &e, ShapeRef shape) {
  int64_t rank = shape.size();
  ShapeRef matrix = shape.take_back(2);
  Val offset = e.binary(Binary::Sub, e.iota(e.i64(), matrix, 1),
                        e.iota(e.i64(), matrix, 0));
  return e.broadcast(offset, {rank - 2, rank - 1}, shape);
}

LogicalResult importTrilu(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  if (x.rank() < 2)
    return n.fail("the operand must have at least 2 dimensions");
  int64_t k = 0;
  if (!n.in(1).absent()) {
    FailureOr<Shape> given = n.known(1, "the diagonal");
    if (failed(given))
      return failure();
    if (given->size() != 1)
      return n.fail("the diagonal must be one number");
    k = given->front();
  }
  bool upper = n.integer("upper", 1) != 0;
  Val diagonal = diagonalOf(e, x.shape());
  Constant bound(e.i64(), {});
  bound.ints[0] = k;
  Val keep =
      e.compare(upper ? graph::Comparison::Ge : graph::Comparison::Le, diagonal,
                e.broadcastTo(Val(std::move(bound)), x.shape()));
  return n.set(e.select(keep, x, e.fillLike(x, 0)));
}

LogicalResult importEyeLike(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  Type type = x.type();
  if (n.attribute("dtype")) {
    FailureOr<Type> given = n.elementType(n.integer("dtype", 0));
    if (failed(given))
      return failure();
    type = *given;
  }
  if (x.rank() != 2)
    return n.fail("the operand must be a matrix");
  Val diagonal = diagonalOf(e, x.shape());
  Val offset = e.fillLike(diagonal, double(n.integer("k", 0)));
  return n.set(
      e.cast(e.compare(graph::Comparison::Eq, diagonal, offset), type));
}

LogicalResult importOneHot(NodeContext &n) {
  Emitter &e = n.e;
  const Val &indices = n.in(0), &values = n.in(2);
  const Constant *known = n.in(1).constant();
  if (!known)
    return n.fail("the depth must be known when the model is compiled");
  if (known->size() != 1 || known->number(0) < 0 || known->number(0) > 1e12)
    return n.fail("the depth must be one number");
  int64_t depth = static_cast<int64_t>(known->number(0));
  if (values.rank() != 1 || values.dim(0) != 2)
    return n.fail("values must hold two elements");
  if (indices.isBool())
    return n.fail("indices are boolean");
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), indices.rank() + 1);
  if (failed(axis))
    return failure();
  Shape shape(indices.shape());
  shape.insert(shape.begin() + *axis, depth);
  if (!elementCount(shape))
    return n.fail("the result would have the shape " + describeShape(shape));
  Val wanted = e.cast(indices, e.i64());
  // A negative index counts from the end.
  Val wrapped = e.binary(Binary::Add, wanted, double(depth));
  wanted =
      e.select(e.compare(graph::Comparison::Lt, wanted, e.fillLike(wanted, 0)),
               wrapped, wanted);
  Val hit = e.compare(graph::Comparison::Eq,
                      e.broadcastTo(e.unsqueeze(wanted, *axis), shape),
                      e.iota(e.i64(), shape, *axis));
  auto value = [&](int64_t index) {
    return e.broadcastTo(e.reshape(e.sliceDim(values, 0, index, index + 1), {}),
                         shape);
  };
  return n.set(e.select(hit, value(1), value(0)));
}

} // namespace

void addConstantOps(OpRegistry &r) {
  r.add("Constant", 0, importConstant);
  r.add("ConstantOfShape", 1, importConstantOfShape);
  r.add("Range", 3, importRange);
  r.add("Trilu", 1, importTrilu);
  r.add("EyeLike", 1, importEyeLike);
  r.add("OneHot", 3, importOneHot);
}

} // namespace vescale::onnx
