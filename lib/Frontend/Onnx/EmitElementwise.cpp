//===- EmitElementwise.cpp - Values, and ops that act on single elements --===//

#include "dialects/Graph/Comparison.h"
#include "lib/Frontend/Onnx/Emitter.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace vescale::onnx {

Val::Val(mlir::Value tensor) : tensor(tensor) {
  auto tensorType = cast<RankedTensorType>(tensor.getType());
  elementType = tensorType.getElementType();
  dims.assign(tensorType.getShape().begin(), tensorType.getShape().end());
}

Val::Val(Constant constant)
    : known(std::make_shared<Constant>(std::move(constant))) {
  elementType = known->type;
  dims = known->shape;
}

Val::Val(std::vector<Val> sequence)
    : elements(std::make_shared<std::vector<Val>>(std::move(sequence))) {}

std::optional<Shape> broadcastShapes(ShapeRef a, ShapeRef b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (ShapeRef shape : {a, b}) {
    size_t skip = result.size() - shape.size();
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      int64_t &size = result[skip + dim];
      if (size == 1)
        size = shape[dim];
      else if (shape[dim] != 1 && shape[dim] != size)
        return std::nullopt;
    }
  }
  return result;
}

/// Whether all slices of `in` along `dim` are equal.
static bool repeatsAlong(const Constant &in, int64_t dim) {
  int64_t inner = stridesOf(in.shape)[dim], length = in.shape[dim];
  for (int64_t i = 0, size = in.size(); i < size; ++i) {
    if (i / inner % length == 0)
      continue;
    if (in.isFloat() ? std::memcmp(&in.floats[i], &in.floats[i - inner],
                                   sizeof(double)) != 0
                     : in.ints[i] != in.ints[i - inner])
      return false;
  }
  return true;
}

/// The first slice of `in` along each of the dimensions not in `kept`, which
/// only repeat it.
static Constant withoutRepetition(const Constant &in, ShapeRef kept) {
  Shape shape, strides, from = stridesOf(in.shape);
  for (int64_t dim : kept) {
    shape.push_back(in.shape[dim]);
    strides.push_back(from[dim]);
  }
  Constant out(in.type, shape);
  int64_t i = 0;
  for (Walk walk(shape, strides); !walk.done(); walk.next())
    out.copy(i++, in, walk.offset());
  return out;
}

mlir::Value Emitter::constantOp(DenseElementsAttr value) {
  mlir::Value &op = constantOps[value];
  if (!op)
    op = graph::ConstantOp::create(builder, location, value);
  return op;
}

mlir::Value Emitter::operand(const Val &value) {
  if (value.tensor)
    return value.tensor;
  const Constant &known = *value.known;
  if (mlir::Value op = constants.lookup(&known))
    return op;
  Shape kept;
  for (int64_t dim = 0; dim < value.rank(); ++dim)
    if (value.dim(dim) <= 1 || known.size() == 0 || !repeatsAlong(known, dim))
      kept.push_back(dim);
  mlir::Value op;
  if (static_cast<int64_t>(kept.size()) == value.rank()) {
    op = constantOp(known.toAttribute());
  } else {
    Constant small = withoutRepetition(known, kept);
    op = make<graph::BroadcastOp>(value.type(), value.shape(),
                                  constantOp(small.toAttribute()), kept)
             .tensor;
  }
  constants[&known] = op;
  used.push_back(value.known);
  return op;
}

bool Emitter::folds(int64_t resultSize) {
  if (resultSize > maxFoldedElements ||
      resultSize > foldingBudget - foldedElements)
    return false;
  foldedElements += resultSize;
  return true;
}

bool Emitter::folds(int64_t resultSize,
                    std::initializer_list<const Val *> operands) {
  for (const Val *value : operands)
    if (!value->constant())
      return false;
  return folds(resultSize);
}

Val Emitter::makeNamed(StringRef op, Type type, ShapeRef shape,
                       ValueRange operands) {
  OperationState state(location, op, operands, tensorType(type, shape), {});
  return Val(builder.create(state)->getResult(0));
}

std::pair<Val, Val> Emitter::batchStatistics(const Val &x,
                                             const Val &runningMean,
                                             const Val &runningVariance,
                                             double momentum, bool ofBatch) {
  RankedTensorType type = tensorType(x.type(), x.shape().slice(1, 1));
  auto op = graph::BatchStatisticsOp::create(
      builder, location, type, type, operand(x), operand(runningMean),
      operand(runningVariance), APFloat(momentum), ofBatch);
  return {Val(op.getMean()), Val(op.getVariance())};
}

Val Emitter::scalar(Type type, double value) {
  Constant result(type, {});
  if (result.isFloat())
    result.setFloat(0, value);
  else
    result.setInt(0, static_cast<int64_t>(value));
  return Val(std::move(result));
}

Val Emitter::fill(Type type, ShapeRef shape, double value) {
  return broadcastTo(scalar(type, value), shape);
}

Val Emitter::integers(ArrayRef<int64_t> values) {
  Constant result(i64(), {static_cast<int64_t>(values.size())});
  result.ints.assign(values.begin(), values.end());
  return Val(std::move(result));
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

namespace {
struct UnaryInfo {
  StringRef op;
  double (*onFloat)(double);
  int64_t (*onInt)(int64_t); ///< null: floats only
};
} // namespace

static double signOf(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }
static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
static int64_t negated(int64_t x) { return int64_t(0 - uint64_t(x)); }

static const UnaryInfo &info(Unary kind) {
  // In the order of the enum.
  static const UnaryInfo table[] = {
      {"graph.neg", [](double x) { return -x; }, negated},
      {"graph.abs", [](double x) { return std::fabs(x); },
       [](int64_t x) { return x < 0 ? negated(x) : x; }},
      {"graph.sign", signOf,
       [](int64_t x) { return int64_t((x > 0) - (x < 0)); }},
      {"graph.exp", [](double x) { return std::exp(x); }, nullptr},
      {"graph.log", [](double x) { return std::log(x); }, nullptr},
      {"graph.sqrt", [](double x) { return std::sqrt(x); }, nullptr},
      {"graph.rsqrt", [](double x) { return 1 / std::sqrt(x); }, nullptr},
      {"graph.reciprocal", [](double x) { return 1 / x; }, nullptr},
      {"graph.tanh", [](double x) { return std::tanh(x); }, nullptr},
      {"graph.erf", [](double x) { return std::erf(x); }, nullptr},
      {"graph.sin", [](double x) { return std::sin(x); }, nullptr},
      {"graph.cos", [](double x) { return std::cos(x); }, nullptr},
      {"graph.sigmoid", sigmoid, nullptr},
      {"graph.floor", [](double x) { return std::floor(x); }, nullptr},
      {"graph.ceil", [](double x) { return std::ceil(x); }, nullptr},
      {"graph.round", [](double x) { return std::nearbyint(x); }, nullptr},
      {"graph.relu", [](double x) { return x < 0 ? 0.0 : x; },
       [](int64_t x) { return x < 0 ? 0 : x; }},
      {"graph.silu", [](double x) { return x * sigmoid(x); }, nullptr},
      {"graph.not", nullptr, [](int64_t x) { return ~x; }}};
  return table[static_cast<size_t>(kind)];
}

Val Emitter::unary(Unary kind, const Val &x) {
  const UnaryInfo &op = info(kind);
  if (!folds(x.size(), {&x}))
    return makeNamed(op.op, x.type(), x.shape(), operand(x));
  const Constant &in = *x.constant();
  Constant out(in.type, in.shape);
  for (int64_t i = 0, size = in.size(); i < size; ++i) {
    if (in.isFloat())
      out.setFloat(i, op.onFloat(in.floats[i]));
    else if (x.isBool())
      out.ints[i] = !in.ints[i];
    else
      out.setInt(i, op.onInt(in.ints[i]));
  }
  return Val(std::move(out));
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

namespace {
struct BinaryInfo {
  StringRef op;
  double (*onFloat)(double, double);
  int64_t (*onInt)(int64_t, int64_t);
};
} // namespace

static double maxOf(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
}
static double minOf(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
}
/// Division by zero and of the lowest number by -1 have no value; folding must
/// not trap on them, so such a division is left to the program (see below).
static bool dividesBadly(int64_t a, int64_t b) {
  return b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min());
}

static const BinaryInfo &info(Binary kind) {
  static const BinaryInfo table[] = {
      {"graph.add", [](double a, double b) { return a + b; },
       [](int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }},
      {"graph.sub", [](double a, double b) { return a - b; },
       [](int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }},
      {"graph.mul", [](double a, double b) { return a * b; },
       [](int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }},
      {"graph.div", [](double a, double b) { return a / b; },
       [](int64_t a, int64_t b) { return a / b; }},
      {"graph.rem", [](double a, double b) { return std::fmod(a, b); },
       [](int64_t a, int64_t b) { return a % b; }},
      {"graph.pow", [](double a, double b) { return std::pow(a, b); }, nullptr},
      {"graph.max", maxOf, [](int64_t a, int64_t b) { return std::max(a, b); }},
      {"graph.min", minOf, [](int64_t a, int64_t b) { return std::min(a, b); }},
      {"graph.and", nullptr, [](int64_t a, int64_t b) { return a & b; }},
      {"graph.or", nullptr, [](int64_t a, int64_t b) { return a | b; }},
      {"graph.xor", nullptr, [](int64_t a, int64_t b) { return a ^ b; }}};
  return table[static_cast<size_t>(kind)];
}

Val Emitter::binary(Binary kind, const Val &a, const Val &b) {
  const BinaryInfo &op = info(kind);
  auto leave = [&] {
    return makeNamed(op.op, a.type(), a.shape(), {operand(a), operand(b)});
  };
  if (!folds(a.size(), {&a, &b}))
    return leave();
  const Constant &x = *a.constant(), &y = *b.constant();
  bool divides = kind == Binary::Div || kind == Binary::Rem;
  Constant out(x.type, x.shape);
  for (int64_t i = 0, size = x.size(); i < size; ++i) {
    if (x.isFloat())
      out.setFloat(i, op.onFloat(x.floats[i], y.floats[i]));
    else if (divides && dividesBadly(x.ints[i], y.ints[i]))
      return leave();
    else
      out.setInt(i, op.onInt(x.ints[i], y.ints[i]));
  }
  return Val(std::move(out));
}

//===----------------------------------------------------------------------===//
// Comparison, selection, conversion
//===----------------------------------------------------------------------===//

Val Emitter::compare(graph::Comparison kind, const Val &a, const Val &b) {
  if (!folds(a.size(), {&a, &b}))
    return make<graph::CompareOp>(i1(), a.shape(), kind, operand(a),
                                  operand(b));
  const Constant &x = *a.constant(), &y = *b.constant();
  Constant out(i1(), x.shape);
  for (int64_t i = 0, size = x.size(); i < size; ++i)
    out.ints[i] = x.isFloat() ? graph::holds(kind, x.floats[i], y.floats[i])
                              : graph::holds(kind, x.ints[i], y.ints[i]);
  return Val(std::move(out));
}

Val Emitter::select(const Val &condition, const Val &yes, const Val &no) {
  if (!folds(yes.size(), {&condition, &yes, &no}))
    return make<graph::SelectOp>(yes.type(), yes.shape(), operand(condition),
                                 operand(yes), operand(no));
  Constant out(yes.type(), yes.shape());
  for (int64_t i = 0, size = out.size(); i < size; ++i)
    out.copy(
        i, condition.constant()->ints[i] ? *yes.constant() : *no.constant(), i);
  return Val(std::move(out));
}

/// Truncates toward zero, saturates, and takes NaN to 0.
static int64_t toInteger(double value, unsigned width) {
  if (std::isnan(value))
    return 0;
  double limit = std::ldexp(1.0, width - 1);
  if (value >= limit)
    return llvm::maxIntN(width);
  if (value <= -limit)
    return llvm::minIntN(width);
  return static_cast<int64_t>(value);
}

Val Emitter::cast(const Val &x, Type type) {
  if (x.type() == type)
    return x;
  if (!folds(x.size(), {&x}))
    return make<graph::CastOp>(type, x.shape(), operand(x));
  const Constant &in = *x.constant();
  Constant out(type, in.shape);
  for (int64_t i = 0, size = in.size(); i < size; ++i) {
    if (out.isFloat())
      out.setFloat(i, in.number(i));
    else if (type.isInteger(1))
      out.ints[i] = in.isFloat() ? in.floats[i] != 0 : in.ints[i] != 0;
    else if (in.isFloat())
      out.setInt(i, toInteger(in.floats[i], type.getIntOrFloatBitWidth()));
    else
      out.setInt(i, in.ints[i]);
  }
  return Val(std::move(out));
}

Val Emitter::isNan(const Val &x) {
  if (!folds(x.size(), {&x}))
    return make<graph::IsNanOp>(i1(), x.shape(), operand(x));
  Constant out(i1(), x.shape());
  for (int64_t i = 0, size = out.size(); i < size; ++i)
    out.ints[i] = std::isnan(x.constant()->floats[i]);
  return Val(std::move(out));
}

} // namespace vescale::onnx
