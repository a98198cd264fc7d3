//===- Attention.cpp - Evaluation of attention and rotary -------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// The mask's element for a query and a key; dimensions of size 1 repeat.
static Element maskAt(const Tensor &mask, int64_t batch, int64_t head,
                      int64_t query, int64_t key) {
  auto clamp = [&](int64_t dim, int64_t position) {
    return mask.getDim(dim) == 1 ? 0 : position;
  };
  return mask.at({clamp(0, batch), clamp(1, head), clamp(2, query), key});
}

/// Whether causal and window let query i see key j.
static bool sees(AttentionOp op, int64_t i, int64_t j, int64_t offset) {
  if (!op.getCausal())
    return true;
  int64_t window = op.getWindow();
  return j <= i + offset && (window == 0 || j > i + offset - window);
}

Tensors AttentionOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor &q = *operands[0], &k = *operands[1], &v = *operands[2];
  const Tensor *mask = getMask() ? operands[3] : nullptr;
  Elements e = context.elements(q.getElementType());
  int64_t heads = q.getDim(1), queries = q.getDim(2), features = q.getDim(3);
  int64_t keys = k.getDim(2), outputs = v.getDim(3);
  int64_t group = k.getDim(1) ? heads / k.getDim(1) : 1;
  Element scale = e.number(getScale().convertToDouble());
  Element cap = e.number(getSoftcap().convertToDouble());
  bool capped = !getSoftcap().isZero();
  Tensor result(typeOf(getResult()));
  std::vector<Element> scores(keys), weights(keys);
  forEachIndex({q.getDim(0), heads, queries}, [&](ArrayRef<int64_t> at,
                                                  int64_t row) {
    int64_t b = at[0], h = at[1], i = at[2], shared = h / group;
    Element highest = e.lowest();
    for (int64_t j = 0; j < keys; ++j) {
      Element score =
          e.mul(scale, e.sumOfProducts(q.data() + q.offset({b, h, i, 0}),
                                       k.data() + k.offset({b, shared, j, 0}),
                                       features));
      if (capped)
        score = e.mul(cap, e.apply(Function::Tanh, e.div(score, cap)));
      if (mask && mask->getElementType().isInteger(1))
        score = maskAt(*mask, b, h, i, j) ? score : e.lowest();
      else if (mask)
        score = e.add(score, maskAt(*mask, b, h, i, j));
      if (!sees(*this, i, j, keys - queries))
        score = e.lowest();
      scores[j] = score;
      highest = e.max(highest, score);
    }
    if (highest == e.lowest())
      return; // sees no key: zeros
    softmaxRow(e, scores.data(), weights.data(), keys, 1, /*log=*/false);
    for (int64_t c = 0; c < outputs; ++c) {
      Element sum = e.integer(0);
      for (int64_t j = 0; j < keys; ++j)
        sum = e.add(sum, e.mul(weights[j], v.at({b, shared, j, c})));
      result[row * outputs + c] = e.round(sum);
    }
  });
  return one(std::move(result));
}

Tensors RotaryOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor &x = *operands[0], &cosines = *operands[1],
               &sines = *operands[2];
  Elements e = context.elements(x.getElementType());
  int64_t pairs = cosines.getShape().back();
  bool interleaved = getInterleaved();
  SmallVector<int64_t> from, angle(cosines.getRank());
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    int64_t feature = index.back();
    if (feature >= 2 * pairs)
      return x.at(index);
    int64_t pair = interleaved ? feature / 2 : feature % pairs;
    bool second = interleaved ? feature % 2 : feature >= pairs;
    for (size_t dim = 0; dim < angle.size(); ++dim) {
      int64_t position = index[index.size() - angle.size() + dim];
      angle[dim] = cosines.getDim(dim) == 1 ? 0 : position;
    }
    angle.back() = pair;
    auto element = [&](int64_t position) {
      from.assign(index.begin(), index.end());
      from.back() = position;
      return x.at(from);
    };
    Element a = element(interleaved ? 2 * pair : pair);
    Element b = element(interleaved ? 2 * pair + 1 : pair + pairs);
    Element c = cosines.at(angle), s = sines.at(angle);
    return e.round(second ? e.add(e.mul(b, c), e.mul(a, s))
                          : e.sub(e.mul(a, c), e.mul(b, s)));
  }));
}
