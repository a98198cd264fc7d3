//===- EmitElementwise.cpp - Values, and ops that act on single elements --===//

#include "dialects/Graph/Comparison.h"
#include "lib/Frontend/Onnx/Emitter.h"
#include "llvm/ADT/Sequence.h"
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
  *this = Val(*this, known->shape, stridesOf(known->shape), 0);
}

Val::Val(const Val &constant, ShapeRef shape, ShapeRef strides, int64_t base)
    : known(constant.known), steps(strides), first(base),
      elementType(constant.elementType), dims(shape) {
  for (auto [stride, size] : llvm::zip_equal(steps, dims))
    if (size == 1)
      stride = 0;
}

const Constant *Val::constant() const {
  if (!known)
    return nullptr;
  Shape whole = stridesOf(dims);
  bool isWhole = first == 0 && known->shape == dims;
  for (auto [size, stride, step] : llvm::zip_equal(dims, whole, steps))
    isWhole &= size == 1 || stride == step;
  if (isWhole)
    return known.get();
  if (!dense && size() <= maxFoldedElements) {
    auto all = std::make_shared<Constant>(elementType, dims);
    int64_t i = 0;
    for (Walk walk(dims, steps, first); !walk.done(); walk.next())
      all->copy(i++, *known, walk.offset());
    dense = std::move(all);
  }
  return dense.get();
}

std::pair<Constant, Shape> Val::distinct() const {
  Shape kept, shape, strides;
  for (int64_t dim = 0; dim < rank(); ++dim)
    if (!repeatsAlong(dim)) {
      kept.push_back(dim);
      shape.push_back(dims[dim]);
      strides.push_back(steps[dim]);
    }
  Constant out(elementType, shape);
  int64_t i = 0;
  for (Walk walk(shape, strides, first); !walk.done(); walk.next())
    out.copy(i++, *known, walk.offset());
  return {std::move(out), std::move(kept)};
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

Emitter::View Emitter::viewOf(const Val &value) {
  return {value.known.get(), value.first, value.steps, value.dims};
}

/// The constant that `value` repeats, and the dimensions it has of it.
mlir::Value Emitter::constantOf(const Val &value, Shape &kept) {
  Shape dims, shape, strides;
  for (int64_t dim = 0; dim < value.rank(); ++dim)
    if (!value.repeatsAlong(dim)) {
      dims.push_back(dim);
      shape.push_back(value.dim(dim));
      strides.push_back(value.steps[dim]);
    }
  Val small(value, shape, strides, value.first);
  auto [entry, isNew] = constants.try_emplace(viewOf(small));
  auto &[op, own] = entry->second;
  if (isNew) {
    // What was written down in full may repeat as well.
    Constant all = small.distinct().first;
    for (int64_t dim = 0; dim < small.rank(); ++dim)
      if (small.dim(dim) <= 1 || all.size() == 0 || !repeatsAlong(all, dim))
        own.push_back(dim);
    bool isWhole = static_cast<int64_t>(own.size()) == small.rank();
    op =
        constantOp((isWhole ? all : withoutRepetition(all, own)).toAttribute());
    used.push_back(value.known);
  }
  for (int64_t dim : own)
    kept.push_back(dims[dim]);
  return op;
}

mlir::Value Emitter::operand(const Val &value) {
  if (value.tensor)
    return value.tensor;
  auto [entry, isNew] = operands.try_emplace(viewOf(value));
  if (isNew) {
    Shape kept;
    mlir::Value op = constantOf(value, kept);
    if (static_cast<int64_t>(kept.size()) != value.rank())
      op = make<graph::BroadcastOp>(value.type(), value.shape(), op, kept)
               .tensor;
    entry->second = op;
    used.push_back(value.known);
  }
  return entry->second;
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
    if (!value->isKnown() || value->size() > maxFoldedElements)
      return false;
  return folds(resultSize);
}

std::optional<Val> Emitter::foldElementwise(
    Type type, ArrayRef<const Val *> operands,
    llvm::function_ref<bool(Constant &, int64_t, ShapeRef)> compute) {
  const Val &like = *operands.front();
  Shape sizes(like.rank(), 1);
  for (const Val *value : operands) {
    if (!value->isKnown())
      return std::nullopt;
    for (int64_t dim = 0; dim < like.rank(); ++dim)
      if (!value->repeatsAlong(dim))
        sizes[dim] = like.dim(dim);
  }
  // Positions compared, as masks do, say more than all the answers.
  bool expands = llvm::any_of(operands, [&](const Val *value) {
    return llvm::any_of(llvm::seq<int64_t>(0, like.rank()), [&](int64_t dim) {
      return sizes[dim] > 1 && value->repeatsAlong(dim);
    });
  });
  if ((expands && volume(sizes) > maxExpandedElements) || !folds(volume(sizes)))
    return std::nullopt;
  Constant out(type, sizes);
  SmallVector<Walk, 3> walks;
  for (const Val *value : operands)
    walks.emplace_back(sizes, value->strides(), value->base());
  Shape places(operands.size());
  for (int64_t i = 0, count = out.size(); i < count; ++i) {
    for (auto [place, walk] : llvm::zip_equal(places, walks)) {
      place = walk.offset();
      walk.next();
    }
    if (!compute(out, i, places))
      return std::nullopt;
  }
  Shape strides = stridesOf(sizes);
  for (int64_t dim = 0; dim < like.rank(); ++dim)
    if (sizes[dim] != like.dim(dim))
      strides[dim] = 0;
  return Val(Val(std::move(out)), like.shape(), strides, 0);
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
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    const Constant &in = x.storage();
    if (in.isFloat())
      out.setFloat(i, op.onFloat(in.floats[at[0]]));
    else if (x.isBool())
      out.ints[i] = !in.ints[at[0]];
    else
      out.setInt(i, op.onInt(in.ints[at[0]]));
    return true;
  };
  if (std::optional<Val> folded = foldElementwise(x.type(), {&x}, compute))
    return *folded;
  return makeNamed(op.op, x.type(), x.shape(), operand(x));
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
  bool divides = kind == Binary::Div || kind == Binary::Rem;
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    const Constant &x = a.storage(), &y = b.storage();
    if (x.isFloat())
      out.setFloat(i, op.onFloat(x.floats[at[0]], y.floats[at[1]]));
    else if (divides && dividesBadly(x.ints[at[0]], y.ints[at[1]]))
      return false;
    else
      out.setInt(i, op.onInt(x.ints[at[0]], y.ints[at[1]]));
    return true;
  };
  if (std::optional<Val> folded = foldElementwise(a.type(), {&a, &b}, compute))
    return *folded;
  return makeNamed(op.op, a.type(), a.shape(), {operand(a), operand(b)});
}

//===----------------------------------------------------------------------===//
// Comparison, selection, conversion
//===----------------------------------------------------------------------===//

Val Emitter::compare(graph::Comparison kind, const Val &a, const Val &b) {
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    const Constant &x = a.storage(), &y = b.storage();
    out.ints[i] = x.isFloat()
                      ? graph::holds(kind, x.floats[at[0]], y.floats[at[1]])
                      : graph::holds(kind, x.ints[at[0]], y.ints[at[1]]);
    return true;
  };
  if (std::optional<Val> folded = foldElementwise(i1(), {&a, &b}, compute))
    return *folded;
  return make<graph::CompareOp>(i1(), a.shape(), kind, operand(a), operand(b));
}

Val Emitter::select(const Val &condition, const Val &yes, const Val &no) {
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    if (condition.storage().ints[at[0]])
      out.copy(i, yes.storage(), at[1]);
    else
      out.copy(i, no.storage(), at[2]);
    return true;
  };
  if (std::optional<Val> folded =
          foldElementwise(yes.type(), {&condition, &yes, &no}, compute))
    return *folded;
  return make<graph::SelectOp>(yes.type(), yes.shape(), operand(condition),
                               operand(yes), operand(no));
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
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    const Constant &in = x.storage();
    if (out.isFloat())
      out.setFloat(i, in.number(at[0]));
    else if (type.isInteger(1))
      out.ints[i] = in.number(at[0]) != 0;
    else if (in.isFloat())
      out.setInt(i, toInteger(in.floats[at[0]], type.getIntOrFloatBitWidth()));
    else
      out.setInt(i, in.ints[at[0]]);
    return true;
  };
  if (std::optional<Val> folded = foldElementwise(type, {&x}, compute))
    return *folded;
  return make<graph::CastOp>(type, x.shape(), operand(x));
}

Val Emitter::isNan(const Val &x) {
  auto compute = [&](Constant &out, int64_t i, ShapeRef at) {
    out.ints[i] = std::isnan(x.storage().floats[at[0]]);
    return true;
  };
  if (std::optional<Val> folded = foldElementwise(i1(), {&x}, compute))
    return *folded;
  return make<graph::IsNanOp>(i1(), x.shape(), operand(x));
}

} // namespace vescale::onnx
