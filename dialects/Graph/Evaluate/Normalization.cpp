//===- Normalization.cpp - Evaluation of softmax and norms ------*- C++ -*-===//
//
// Intermediate values are not rounded to the element type; results are.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

void graph::softmaxRow(const Elements &e, const Element *from, Element *to,
                       int64_t count, int64_t stride, bool log) {
  Element max = e.lowest(), sum = e.integer(0);
  for (int64_t i = 0; i < count; ++i)
    max = e.max(max, from[i * stride]);
  for (int64_t i = 0; i < count; ++i)
    sum = e.add(sum, e.exp(e.sub(from[i * stride], max)));
  for (int64_t i = 0; i < count; ++i) {
    Element shifted = e.sub(from[i * stride], max);
    to[i * stride] = log ? e.sub(shifted, e.apply(Function::Log, sum))
                         : e.div(e.exp(shifted), sum);
  }
}

static Tensors softmax(Operation *op, int64_t dim, bool log, Operands operands,
                       EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Tensor result(typeOf(op->getResult(0)));
  DimView view(operands[0]->getShape(), dim);
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t k = 0; k < view.inner; ++k) {
      int64_t start = view.offset(o, 0, k);
      softmaxRow(e, operands[0]->data() + start, result.data() + start,
                 view.size, view.inner, log);
    }
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}

Tensors SoftmaxOp::evaluate(Operands operands, EvaluateContext &context) {
  return softmax(*this, getDim(), /*log=*/false, operands, context);
}
Tensors LogSoftmaxOp::evaluate(Operands operands, EvaluateContext &context) {
  return softmax(*this, getDim(), /*log=*/true, operands, context);
}

/// (x - shift) / sqrt(mean((x - shift)²) + epsilon) · scale + bias over rows of
/// the dimensions from `axis` on; scale and bias may be null.
static Tensors normalize(Operation *op, int64_t axis, double epsilon,
                         bool centre, const Tensor &x, const Tensor *scale,
                         const Tensor *bias, EvaluateContext &context) {
  Elements e = context.elements(x.getElementType());
  Tensor result(typeOf(op->getResult(0)));
  int64_t size = ShapedType::getNumElements(x.getShape().drop_front(axis));
  if (x.getNumElements() == 0)
    return one(std::move(result));
  Element count = context.arithmetic.fromDouble(size);
  for (int64_t start = 0; start < x.getNumElements(); start += size) {
    Element shift = e.integer(0), squares = e.integer(0);
    if (centre) {
      for (int64_t i = 0; i < size; ++i)
        shift = e.add(shift, x[start + i]);
      shift = e.div(shift, count);
    }
    for (int64_t i = 0; i < size; ++i) {
      Element centred = e.sub(x[start + i], shift);
      squares = e.add(squares, e.mul(centred, centred));
    }
    Element factor = e.rsqrt(e.add(e.div(squares, count), e.number(epsilon)));
    for (int64_t i = 0; i < size; ++i) {
      Element value = e.mul(e.sub(x[start + i], shift), factor);
      if (scale)
        value = e.mul(value, (*scale)[i]);
      if (bias)
        value = e.add(value, (*bias)[i]);
      result[start + i] = e.round(value);
    }
  }
  return one(std::move(result));
}

Tensors LayerNormOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor *scale = getScale() ? operands[1] : nullptr;
  const Tensor *bias = getBias() ? operands.back() : nullptr;
  return normalize(*this, getAxis(), getEpsilon().convertToDouble(),
                   /*centre=*/true, *operands[0], scale, bias, context);
}

Tensors RmsNormOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor *scale = getScale() ? operands[1] : nullptr;
  return normalize(*this, getAxis(), getEpsilon().convertToDouble(),
                   /*centre=*/false, *operands[0], scale, nullptr, context);
}

/// r · (g - mean(g) - n · mean(g · n)) over rows of the dimensions from `axis`
/// on, where mean(g) is left out unless `centre`.
static Tensors normGradient(Operation *op, int64_t axis, double epsilon,
                            bool centre, Operands operands,
                            EvaluateContext &context) {
  const Tensor &x = *operands[0], &dy = *operands[1];
  const Tensor *scale = operands.size() == 3 ? operands[2] : nullptr;
  Elements e = context.elements(x.getElementType());
  Tensor result(typeOf(op->getResult(0)));
  int64_t size = ShapedType::getNumElements(x.getShape().drop_front(axis));
  if (x.getNumElements() == 0)
    return one(std::move(result));
  Element count = context.arithmetic.fromDouble(size);
  auto mean = [&](llvm::function_ref<Element(int64_t)> term) {
    Element sum = e.integer(0);
    for (int64_t i = 0; i < size; ++i)
      sum = e.add(sum, term(i));
    return e.div(sum, count);
  };
  for (int64_t start = 0; start < x.getNumElements(); start += size) {
    Element shift =
        centre ? mean([&](int64_t i) { return x[start + i]; }) : e.integer(0);
    auto centred = [&](int64_t i) { return e.sub(x[start + i], shift); };
    Element variance =
        mean([&](int64_t i) { return e.mul(centred(i), centred(i)); });
    Element factor = e.rsqrt(e.add(variance, e.number(epsilon)));
    auto norm = [&](int64_t i) { return e.mul(centred(i), factor); };
    auto weighted = [&](int64_t i) {
      return scale ? e.mul(dy[start + i], (*scale)[i]) : dy[start + i];
    };
    Element average = centre ? mean(weighted) : e.integer(0);
    Element along =
        mean([&](int64_t i) { return e.mul(weighted(i), norm(i)); });
    for (int64_t i = 0; i < size; ++i) {
      Element rest = e.sub(e.sub(weighted(i), average), e.mul(norm(i), along));
      result[start + i] = e.round(e.mul(factor, rest));
    }
  }
  return one(std::move(result));
}

Tensors LayerNormGradOp::evaluate(Operands operands, EvaluateContext &context) {
  return normGradient(*this, getAxis(), getEpsilon().convertToDouble(),
                      /*centre=*/true, operands, context);
}

Tensors RmsNormGradOp::evaluate(Operands operands, EvaluateContext &context) {
  return normGradient(*this, getAxis(), getEpsilon().convertToDouble(),
                      /*centre=*/false, operands, context);
}

Tensors BatchStatisticsOp::evaluate(Operands operands,
                                    EvaluateContext &context) {
  if (!getOfBatch())
    return SmallVector<Tensor, 1>{*operands[1], *operands[2]};
  const Tensor &x = *operands[0];
  Elements e = context.elements(x.getElementType());
  int64_t channels = x.getShape()[1];
  std::vector<std::vector<Element>> values(channels);
  forEachIndex(x.getShape(), [&](ArrayRef<int64_t> index, int64_t offset) {
    values[index[1]].push_back(x[offset]);
  });
  Element count = context.arithmetic.fromDouble(getCount());
  std::vector<Element> ones(getCount(), e.integer(1));
  Tensor means(typeOf(getMean())), variances(typeOf(getVariance()));
  for (int64_t channel = 0; channel < channels; ++channel) {
    std::vector<Element> &each = values[channel];
    Element mean =
        e.div(e.sumOfProducts(each.data(), ones.data(), each.size()), count);
    for (Element &element : each)
      element = e.sub(element, mean);
    Element squares = e.sumOfProducts(each.data(), each.data(), each.size());
    means[channel] = e.round(mean);
    variances[channel] = e.round(e.div(squares, count));
  }
  SmallVector<Tensor, 1> results;
  results.push_back(std::move(means));
  results.push_back(std::move(variances));
  return results;
}
