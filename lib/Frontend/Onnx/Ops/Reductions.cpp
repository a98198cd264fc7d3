//===- Reductions.cpp - Reductions, scans, softmax ------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

/// Dimensions to reduce: an attribute in older operator sets, an input in newer
/// ones (from which one differs from op to op); none given means all, or with
/// noop_with_empty_axes none.
FailureOr<Shape> reducedDims(NodeContext &n) {
  int64_t rank = n.in(0).rank();
  Shape given;
  bool none = n.integer("noop_with_empty_axes", 0) != 0;
  if (!n.in(1).absent()) {
    FailureOr<Shape> known = n.known(1, "the list of axes");
    if (failed(known))
      return failure();
    given = *known;
  } else if (std::optional<Shape> attribute = n.integers("axes")) {
    given = *attribute;
  }
  if (given.empty() && !none)
    for (int64_t dim = 0; dim < rank; ++dim)
      given.push_back(dim);
  return n.axes(given, rank);
}

using Step = std::function<Val(Emitter &, const Val &)>;

Val same(Emitter &, const Val &x) { return x; }

/// before(x), reduced by `kind`, then after(…).
OpImporter reduction(graph::Reduction kind, Step before = same,
                     Step after = same, bool floatsOnly = false) {
  return [=](NodeContext &n) -> LogicalResult {
    if (n.in(0).isBool() || (floatsOnly && !n.in(0).isFloat()))
      return n.error() << "the operand has the element type " << n.in(0).type()
                       << ", which is not supported";
    FailureOr<Shape> dims = reducedDims(n);
    if (failed(dims))
      return failure();
    Val reduced = n.e.reduce(kind, before(n.e, n.in(0)), *dims,
                             n.integer("keepdims", 1) != 0);
    return n.set(after(n.e, reduced));
  };
}

/// Of truth values the maximum is whether any holds (of none: false), the
/// minimum whether all do (of none: true).
OpImporter extreme(graph::Reduction kind) {
  return [=](NodeContext &n) -> LogicalResult {
    Emitter &e = n.e;
    const Val &x = n.in(0);
    FailureOr<Shape> dims = reducedDims(n);
    if (failed(dims))
      return failure();
    bool keep = n.integer("keepdims", 1) != 0;
    if (!x.isBool())
      return n.set(e.reduce(kind, x, *dims, keep));
    bool all = kind == graph::Reduction::Min;
    Val counted = e.cast(all ? e.unary(Unary::Not, x) : x, e.i64());
    Val any =
        e.cast(e.reduce(graph::Reduction::Sum, counted, *dims, keep), e.i1());
    return n.set(all ? e.unary(Unary::Not, any) : any);
  };
}

LogicalResult importMean(NodeContext &n) {
  const Val &x = n.in(0);
  if (x.isBool())
    return n.fail("the operand is boolean");
  FailureOr<Shape> dims = reducedDims(n);
  if (failed(dims))
    return failure();
  int64_t count = 1;
  for (int64_t dim : *dims)
    count *= x.dim(dim);
  Val sum = n.e.reduce(graph::Reduction::Sum, x, *dims,
                       n.integer("keepdims", 1) != 0);
  if (count == 0 && !x.isFloat())
    return n.fail("the mean of no whole numbers has no value");
  return n.set(n.e.binary(Binary::Div, sum, double(count)));
}

/// log Σ exp(x), with the maximum taken out first.
LogicalResult importLogSumExp(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  if (!x.isFloat())
    return n.fail("the operand must be of floats");
  FailureOr<Shape> dims = reducedDims(n);
  if (failed(dims))
    return failure();
  Val max = e.reduce(graph::Reduction::Max, x, *dims, /*keep=*/true);
  Val shifted = e.binary(Binary::Sub, x, e.broadcastTo(max, x.shape()));
  Val sum = e.reduce(graph::Reduction::Sum, e.unary(Unary::Exp, shifted), *dims,
                     /*keep=*/true);
  Val result = e.binary(Binary::Add, e.unary(Unary::Log, sum), max);
  if (n.integer("keepdims", 1) == 0) {
    Shape shape;
    for (int64_t dim = 0; dim < x.rank(); ++dim)
      if (!llvm::is_contained(*dims, dim))
        shape.push_back(x.dim(dim));
    result = e.reshape(result, shape);
  }
  return n.set(result);
}

OpImporter argExtreme(bool min) {
  return [=](NodeContext &n) -> LogicalResult {
    Val x = n.in(0);
    if (x.isBool())
      return n.fail("the operand is boolean");
    FailureOr<int64_t> dim = n.axis(n.integer("axis", 0), x.rank());
    if (failed(dim))
      return failure();
    if (x.dim(*dim) == 0)
      return n.fail("of no elements none is the largest");
    // The last of equal elements is the first from the end.
    bool last = n.integer("select_last_index", 0) != 0;
    if (last)
      x = n.e.reverse(x, *dim);
    Val index = n.e.argmax(min ? n.e.unary(Unary::Neg, x) : x, *dim);
    if (last)
      index = n.e.binary(Binary::Sub,
                         n.e.fillLike(index, double(x.dim(*dim) - 1)), index);
    if (n.integer("keepdims", 1) != 0)
      index = n.e.unsqueeze(index, *dim);
    return n.set(index);
  };
}

LogicalResult importCumSum(NodeContext &n) {
  if (n.in(0).isBool())
    return n.fail("the operand is boolean");
  FailureOr<Shape> given = n.known(1, "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return n.fail("the axis must be one number");
  FailureOr<int64_t> dim = n.axis(given->front(), n.in(0).rank());
  if (failed(dim))
    return failure();
  return n.set(n.e.cumsum(n.in(0), *dim, n.integer("exclusive", 0) != 0,
                          n.integer("reverse", 0) != 0));
}

template <typename Op> LogicalResult importSoftmax(NodeContext &n) {
  const Val &x = n.in(0);
  if (!x.isFloat())
    return n.fail("the operand must be of floats");
  FailureOr<int64_t> dim = n.axis(n.integer("axis", -1), x.rank());
  if (failed(dim))
    return failure();
  return n.set(n.e.make<Op>(x.type(), x.shape(), n.e.operand(x), *dim));
}

} // namespace

void addReductionOps(OpRegistry &r) {
  auto square = [](Emitter &e, const Val &x) {
    return e.binary(Binary::Mul, x, x);
  };
  auto abs = [](Emitter &e, const Val &x) { return e.unary(Unary::Abs, x); };
  auto sqrt = [](Emitter &e, const Val &x) { return e.unary(Unary::Sqrt, x); };
  auto log = [](Emitter &e, const Val &x) { return e.unary(Unary::Log, x); };
  using graph::Reduction;
  r.add("ReduceSum", 1, reduction(Reduction::Sum));
  r.add("ReduceMax", 1, extreme(Reduction::Max));
  r.add("ReduceMin", 1, extreme(Reduction::Min));
  r.add("ReduceProd", 1, reduction(Reduction::Prod));
  r.add("ReduceL1", 1, reduction(Reduction::Sum, abs));
  r.add("ReduceL2", 1, reduction(Reduction::Sum, square, sqrt, true));
  r.add("ReduceSumSquare", 1, reduction(Reduction::Sum, square));
  r.add("ReduceLogSum", 1, reduction(Reduction::Sum, same, log, true));
  r.add("ReduceMean", 1, importMean);
  r.add("ReduceLogSumExp", 1, importLogSumExp);
  r.add("ArgMax", 1, argExtreme(/*min=*/false));
  r.add("ArgMin", 1, argExtreme(/*min=*/true));
  r.add("CumSum", 2, importCumSum);
  r.add("Softmax", 1, importSoftmax<graph::SoftmaxOp>);
  r.add("LogSoftmax", 1, importSoftmax<graph::LogSoftmaxOp>);
}

} // namespace vescale::onnx
