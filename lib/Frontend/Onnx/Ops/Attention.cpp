//===- Attention.cpp - Attention and rotary embedding ---------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

/// Batch×sequence×(heads·size) as batch×heads×sequence×size.
FailureOr<Val> splitHeads(NodeContext &n, const Val &x, StringRef attribute) {
  int64_t heads = n.integer(attribute, 0);
  if (heads < 1 || x.dim(2) % heads != 0)
    return n.fail(attribute + " = " + Twine(heads) +
                  " does not divide the last dimension of " +
                  describeShape(x.shape()));
  Val split = n.e.reshape(x, {x.dim(0), x.dim(1), heads, x.dim(2) / heads});
  return n.e.transpose(split, {0, 2, 1, 3});
}

/// Which keys j a query i may see: left ≤ j - i - offset ≤ right where bounded.
/// `offset` holds one number, or one for each batch element.
Val bandMask(Emitter &e, const Val &offset, int64_t queries, int64_t keys,
             std::optional<int64_t> left, std::optional<int64_t> right) {
  Shape shape{offset.dim(0), 1, queries, keys};
  Val first = e.binary(Binary::Add, e.iota(e.i64(), shape, 2),
                       e.broadcast(offset, {0}, shape));
  Val distance = e.binary(Binary::Sub, e.iota(e.i64(), shape, 3), first);
  Val seen = e.fill(e.i1(), shape, 1);
  auto limit = [&](graph::Comparison kind, int64_t bound) {
    seen = e.binary(
        Binary::And, seen,
        e.compare(kind, distance, e.fillLike(distance, double(bound))));
  };
  if (left)
    limit(graph::Comparison::Ge, *left);
  if (right)
    limit(graph::Comparison::Le, *right);
  return seen;
}

/// Which keys come before each batch element's number of real ones.
Val prefixMask(Emitter &e, const Val &count, int64_t keys) {
  Shape shape{count.dim(0), 1, 1, keys};
  return e.compare(graph::Comparison::Lt, e.iota(e.i64(), shape, 3),
                   e.broadcast(count, {0}, shape));
}

/// The node's mask as batch×heads×queries×keys, each but the last 1 or full,
/// with `band`, if present, applied too.
FailureOr<Val> combineMask(NodeContext &n, Val mask, const Val &band,
                           ShapeRef scores) {
  Emitter &e = n.e;
  auto ranked = [&](Val value) {
    Shape shape(4 - value.rank(), 1);
    llvm::append_range(shape, value.shape());
    return e.reshape(value, shape);
  };
  if (mask.absent())
    return band;
  if (mask.rank() < 1 || mask.rank() > 4 ||
      !(mask.isBool() || mask.type() == n.in(0).type()))
    return n.fail("the mask of shape " + describeShape(mask.shape()) +
                  " must be boolean or of the query's element type");
  mask = ranked(mask);
  // A mask that is shorter than the keys hides the rest.
  if (int64_t missing = scores[3] - mask.dim(3);
      missing > 0 && mask.dim(3) != 1) {
    Val hidden = e.scalar(mask.type(), mask.isBool() ? 0 : -INFINITY);
    mask = e.pad(mask, hidden, {0, 0, 0, 0}, {0, 0, 0, missing});
  }
  Shape shape(mask.shape());
  shape[3] = scores[3];
  if (broadcastShapes(mask.shape(), scores) != Shape(scores))
    return n.fail("the mask of shape " + describeShape(mask.shape()) +
                  " does not broadcast to the scores' " +
                  describeShape(scores));
  mask = e.broadcastTo(mask, shape);
  if (band.absent())
    return mask;
  shape = *broadcastShapes(mask.shape(), band.shape());
  mask = e.broadcastTo(mask, shape);
  Val other = e.broadcastTo(band, shape);
  if (mask.isBool())
    return e.binary(Binary::And, mask, other);
  return e.select(other, mask, e.fillLike(mask, -INFINITY));
}

LogicalResult importAttention(NodeContext &n) {
  Emitter &e = n.e;
  Val q = n.in(0), k = n.in(1), v = n.in(2);
  if (!q.isFloat() || k.type() != q.type() || v.type() != q.type())
    return n.fail("query, key and value must be of one float type");
  bool merged = q.rank() == 3;
  if (q.rank() != k.rank() || k.rank() != v.rank() ||
      (!merged && q.rank() != 4))
    return n.fail("query, key and value must all have 3 or all 4 dimensions");
  n.ignore({"q_num_heads", "kv_num_heads"});
  if (merged) {
    FailureOr<Val> heads[3] = {splitHeads(n, q, "q_num_heads"),
                               splitHeads(n, k, "kv_num_heads"),
                               splitHeads(n, v, "kv_num_heads")};
    for (FailureOr<Val> &value : heads)
      if (failed(value))
        return failure();
    q = *heads[0], k = *heads[1], v = *heads[2];
  }
  // A cache is set before the keys and values, and returned with them.
  int64_t past = 0;
  if (!n.in(4).absent() || !n.in(5).absent()) {
    const Val &pastKey = n.in(4), &pastValue = n.in(5);
    if (pastKey.absent() || pastValue.absent() || pastKey.rank() != 4 ||
        pastValue.rank() != 4 || pastKey.type() != k.type() ||
        pastValue.type() != v.type() || pastKey.dim(1) != k.dim(1) ||
        pastKey.dim(0) != k.dim(0) || pastKey.dim(3) != k.dim(3) ||
        pastValue.dim(1) != v.dim(1) || pastValue.dim(0) != v.dim(0) ||
        pastValue.dim(3) != v.dim(3))
      return n.fail("past_key and past_value do not fit key and value");
    past = pastKey.dim(2);
    k = e.concat({pastKey, k}, 2);
    v = e.concat({pastValue, v}, 2);
  }
  if (n.wantsOutput(3))
    return n.fail("the output qk_matmul_output is not supported");
  // Which intermediate that output would be; how precise the softmax is, at
  // least f32 being what the op has anyway.
  n.ignore({"qk_matmul_output_mode", "softmax_precision"});
  if (failed(n.set(1, k)) || failed(n.set(2, v)))
    return failure();

  int64_t batch = q.dim(0), heads = q.dim(1), queries = q.dim(2);
  int64_t kvHeads = k.dim(1), keys = k.dim(2);
  if (k.dim(0) != batch || v.dim(0) != batch || k.dim(3) != q.dim(3) ||
      v.dim(1) != kvHeads || v.dim(2) != keys || kvHeads == 0 ||
      heads % kvHeads != 0)
    return n.fail("query " + describeShape(q.shape()) + ", key " +
                  describeShape(k.shape()) + " and value " +
                  describeShape(v.shape()) + " do not fit together");

  // Keys of a cache that is kept outside, of which each batch element has used
  // the first ones; its last query is the last of those.
  Val used = n.in(6), offset = e.integers({past});
  if (!used.absent()) {
    if (used.isFloat() || used.isBool() || used.shape() != ShapeRef({batch}) ||
        !n.in(4).absent())
      return n.fail("nonpad_kv_seqlen of shape " + describeShape(used.shape()) +
                    " must hold one whole number for each of " + Twine(batch) +
                    " batch elements, without a past");
    used = e.cast(used, e.i64());
    offset = e.binary(Binary::Sub, used, double(queries));
  }

  bool causal = n.integer("is_causal", 0) != 0;
  int64_t left = n.integer("left_window_size", -1);
  int64_t right = n.integer("right_window_size", -1);
  int64_t window = 0;
  Val band;
  // The op aligns the last query with the last key, ONNX the first query with
  // the first key behind the cache. Where that differs, or the window has a
  // right side, the band becomes a mask.
  if (causal && used.absent() && past == keys - queries && right < 0 &&
      left < keys) {
    window = left < 0 ? 0 : left + 1;
  } else if (causal || left >= 0 || right >= 0) {
    std::optional<int64_t> low, high;
    if (left >= 0)
      low = -left;
    if (right >= 0)
      high = right;
    if (causal)
      high = 0;
    band = bandMask(e, offset, queries, keys, low, high);
    causal = false;
  }
  if (!used.absent()) {
    Val real = prefixMask(e, used, keys);
    band = band.absent()
               ? real
               : e.binary(Binary::And, band, e.broadcastTo(real, band.shape()));
  }
  FailureOr<Val> mask =
      combineMask(n, n.in(3), band, {batch, heads, queries, keys});
  if (failed(mask))
    return failure();
  double scale = n.number("scale", 1 / std::sqrt(double(q.dim(3))));
  Val result = e.make<graph::AttentionOp>(
      q.type(), {batch, heads, queries, v.dim(3)}, e.operand(q), e.operand(k),
      e.operand(v), mask->absent() ? mlir::Value() : e.operand(*mask),
      APFloat(scale), APFloat(n.number("softcap", 0)), window, causal);
  if (merged)
    result = e.reshape(e.transpose(result, {0, 2, 1, 3}),
                       {batch, queries, heads * v.dim(3)});
  return n.set(result);
}

LogicalResult importRotary(NodeContext &n) {
  Emitter &e = n.e;
  Val x = n.in(0), tables[2] = {n.in(1), n.in(2)};
  bool merged = x.rank() == 3;
  n.ignore({"num_heads"});
  if (merged) {
    FailureOr<Val> split = splitHeads(n, x, "num_heads");
    if (failed(split))
      return failure();
    x = *split;
  }
  if (x.rank() != 4 || !x.isFloat())
    return n.fail("the operand must be of floats with 3 or 4 dimensions");
  int64_t batch = x.dim(0), length = x.dim(2);
  int64_t rotated = n.integer("rotary_embedding_dim", 0);
  if (rotated == 0)
    rotated = x.dim(3);
  if (rotated < 0 || rotated % 2 != 0 || rotated > x.dim(3))
    return n.fail("rotary_embedding_dim " + Twine(rotated) +
                  " does not fit a head size of " + Twine(x.dim(3)));
  const Val &positions = n.in(3);
  for (Val &table : tables) {
    if (table.type() != x.type())
      return n.fail("the tables' element type is not the operand's");
    if (!positions.absent()) {
      if (table.rank() != 2 || positions.isFloat() || positions.isBool())
        return n.fail("with position_ids the tables must have 2 dimensions");
      table = e.take(table, positions, 0);
    }
    if (table.rank() != 3 || (table.dim(0) != batch && table.dim(0) != 1) ||
        table.dim(1) != length || table.dim(2) != rotated / 2)
      return n.fail("a table of shape " + describeShape(table.shape()) +
                    " does not fit the operand " + describeShape(x.shape()) +
                    " of which " + Twine(rotated) + " features rotate");
    table = e.unsqueeze(table, 1);
  }
  Val result = e.make<graph::RotaryOp>(
      x.type(), x.shape(), e.operand(x), e.operand(tables[0]),
      e.operand(tables[1]), n.integer("interleaved", 0) != 0);
  if (merged)
    result = e.reshape(e.transpose(result, {0, 2, 1, 3}), n.in(0).shape());
  return n.set(result);
}

} // namespace

void addAttentionOps(OpRegistry &r) {
  r.add("Attention", 3, importAttention);
  r.add("RotaryEmbedding", 3, importRotary);
}

} // namespace vescale::onnx
