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

namespace {
/// The scores of attention and of its gradient.
class Scores {
public:
  template <typename Op>
  Scores(Op op, const Elements &e, const Tensor &q, const Tensor &k,
         const Tensor *mask)
      : e(e), q(q), k(k), mask(mask),
        scale(e.number(op.getScale().convertToDouble())),
        cap(e.number(op.getSoftcap().convertToDouble())),
        capped(!op.getSoftcap().isZero()), causal(op.getCausal()),
        window(op.getWindow()),
        group(k.getDim(1) ? q.getDim(1) / k.getDim(1) : 1),
        diagonal(k.getDim(2) - q.getDim(2)) {}

  struct Score {
    Element value;
    /// tanh of the score before the mask over softcap.
    Element bent;
  };

  /// The key head that a query head reads.
  int64_t keyHead(int64_t head) const { return head / group; }

  Score at(int64_t b, int64_t h, int64_t i, int64_t j) const {
    Score score{
        e.mul(scale, e.sumOfProducts(q.data() + q.offset({b, h, i, 0}),
                                     k.data() + k.offset({b, keyHead(h), j, 0}),
                                     q.getDim(3))),
        e.integer(0)};
    if (capped) {
      score.bent = e.apply(Function::Tanh, e.div(score.value, cap));
      score.value = e.mul(cap, score.bent);
    }
    if (mask && mask->getElementType().isInteger(1))
      score.value = maskAt(*mask, b, h, i, j) ? score.value : e.lowest();
    else if (mask)
      score.value = e.add(score.value, maskAt(*mask, b, h, i, j));
    if (!sees(i, j))
      score.value = e.lowest();
    return score;
  }

private:
  /// Whether causal and window let query i see key j.
  bool sees(int64_t i, int64_t j) const {
    if (!causal)
      return true;
    return j <= i + diagonal && (window == 0 || j > i + diagonal - window);
  }

  const Elements &e;
  const Tensor &q, &k, *mask;
  Element scale, cap;
  bool capped, causal;
  int64_t window, group, diagonal;
};
} // namespace

namespace {
/// What is left of weights, or of their gradients, where some are dropped.
class Kept {
public:
  template <typename Op>
  Kept(Op op, const Elements &e, Operands operands)
      : e(e), drop(op.getDropAttr()) {
    if (!op.getCounters())
      return;
    counters = operands[op.getCountersIndex()];
    step = (*operands[op.getCountersIndex() + 1])[0];
  }

  /// Of x, which belongs to key j for the query of this number.
  Element of(Element x, int64_t query, int64_t j) const {
    if (!drop)
      return x;
    return drop.keeps(uint64_t((*counters)[query]) + j, step)
               ? e.mul(x, e.number(drop.getScale()))
               : e.integer(0);
  }

private:
  const Elements &e;
  DropAttr drop;
  const Tensor *counters = nullptr;
  uint64_t step = 0;
};

/// Fails where weights are to be dropped and nothing says which.
template <typename Op> LogicalResult checkDraw(Op op) {
  if (op.getDrop() && !op.getCounters())
    return op.emitOpError("does not say which weights it drops; "
                          "train-add-dropout does");
  return success();
}
} // namespace

Tensors AttentionOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor &q = *operands[0], &k = *operands[1], &v = *operands[2];
  Elements e = context.elements(q.getElementType());
  if (failed(checkDraw(*this)))
    return failure();
  Scores scores(*this, e, q, k, getMask() ? operands[3] : nullptr);
  Kept kept(*this, e, operands);
  int64_t keys = k.getDim(2), outputs = v.getDim(3);
  Tensor result(typeOf(getResult()));
  Tensor lse;
  if (getLse())
    lse = Tensor(typeOf(getLse()), e.lowest());
  std::vector<Element> row(keys), weights(keys);
  forEachIndex(q.getShape().drop_back(), [&](ArrayRef<int64_t> at,
                                             int64_t query) {
    int64_t b = at[0], h = at[1], i = at[2];
    Element highest = e.lowest();
    for (int64_t j = 0; j < keys; ++j) {
      row[j] = scores.at(b, h, i, j).value;
      highest = e.max(highest, row[j]);
    }
    if (highest == e.lowest())
      return; // sees no key: zeros
    softmaxRow(e, row.data(), weights.data(), keys, 1, /*log=*/false);
    for (int64_t j = 0; j < keys; ++j)
      weights[j] = kept.of(weights[j], query, j);
    for (int64_t c = 0; c < outputs; ++c) {
      Element sum = e.integer(0);
      for (int64_t j = 0; j < keys; ++j)
        sum = e.add(sum, e.mul(weights[j], v.at({b, scores.keyHead(h), j, c})));
      result[query * outputs + c] = e.round(sum);
    }
    if (!getLse())
      return;
    Element sum = e.integer(0);
    for (int64_t j = 0; j < keys; ++j)
      sum = e.add(sum, e.exp(e.sub(row[j], highest)));
    lse[query] = context.elements(lse.getElementType())
                     .round(e.add(e.apply(Function::Log, sum), highest));
  });
  Tensors results = one(std::move(result));
  if (getLse())
    results->push_back(std::move(lse));
  return results;
}

Tensors AttentionGradOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor &q = *operands[0], &k = *operands[1], &v = *operands[2];
  const Tensor &resultGrad = *operands[getResultGradIndex()];
  const Tensor &lse = *operands[getLseIndex()];
  const Tensor &delta = *operands[getDeltaIndex()];
  Elements e = context.elements(q.getElementType());
  if (failed(checkDraw(*this)))
    return failure();
  Scores scores(*this, e, q, k, getMask() ? operands[3] : nullptr);
  Kept kept(*this, e, operands);
  Element scale = e.number(getScale().convertToDouble());
  int64_t keys = k.getDim(2), features = q.getDim(3), outputs = v.getDim(3);
  SmallVector<Tensor, 1> grads;
  for (Value result : getResults())
    grads.emplace_back(typeOf(result), e.integer(0));
  auto accumulate = [&](Tensor &sums, int64_t to, Element factor,
                        const Tensor &terms, int64_t from, int64_t count) {
    for (int64_t c = 0; c < count; ++c)
      sums[to + c] = e.add(sums[to + c], e.mul(factor, terms[from + c]));
  };
  forEachIndex(lse.getShape(), [&](ArrayRef<int64_t> at, int64_t query) {
    int64_t b = at[0], h = at[1], i = at[2];
    int64_t queryAt = q.offset({b, h, i, 0});
    int64_t gradAt = resultGrad.offset({b, h, i, 0});
    for (int64_t j = 0; j < keys; ++j) {
      Scores::Score score = scores.at(b, h, i, j);
      if (score.value == e.lowest())
        continue;
      int64_t keyAt = k.offset({b, scores.keyHead(h), j, 0});
      int64_t valueAt = v.offset({b, scores.keyHead(h), j, 0});
      Element weight = e.exp(e.sub(score.value, lse[query]));
      accumulate(grads[2], valueAt, kept.of(weight, query, j), resultGrad,
                 gradAt, outputs);
      Element weightGrad = kept.of(e.sumOfProducts(resultGrad.data() + gradAt,
                                                   v.data() + valueAt, outputs),
                                   query, j);
      Element scoreGrad = e.mul(weight, e.sub(weightGrad, delta[query]));
      Element slope = e.sub(e.number(1), e.mul(score.bent, score.bent));
      scoreGrad = e.mul(scale, e.mul(scoreGrad, slope));
      accumulate(grads[0], queryAt, scoreGrad, k, keyAt, features);
      accumulate(grads[1], keyAt, scoreGrad, q, queryAt, features);
    }
  });
  for (Tensor &grad : grads)
    for (int64_t c = 0; c < grad.getNumElements(); ++c)
      grad[c] = e.round(grad[c]);
  return grads;
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
