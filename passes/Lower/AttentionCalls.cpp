//===- AttentionCalls.cpp - Calls of attention and its gradient -*- C++ -*-===//

#include "passes/Lower/ProgramBuilder.h"
#include "passes/Lower/Scratch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// [offset, stride of batch, head, row] of a view on heads × rows × features.
static SmallVector<int64_t> layoutOf(const View &view) {
  return {view.offset, view.strides[0], view.strides[1], view.strides[2]};
}

/// [batch, heads, key heads, queries, keys, head size, value size].
template <typename Op> static SmallVector<int64_t> sizesOf(Op op) {
  ArrayRef<int64_t> q = shapeOf(op.getQuery()), k = shapeOf(op.getKey());
  return {q[0], q[1], k[1], q[2], k[2], q[3], shapeOf(op.getValue())[3]};
}

ProgramBuilder::StridedBuffer ProgramBuilder::readRows(Value value) {
  View view = *plan.getView(value);
  return {bufferOf(view.base), layoutOf(view)};
}

ProgramBuilder::StridedBuffer ProgramBuilder::writeRows(Value result) {
  View view = View::dense(result);
  Value target = plan.getTransposedResult(result);
  if (!target)
    return {bufferOf(result), layoutOf(view)};
  auto permutation = target.getDefiningOp<TransposeOp>().getPermutation();
  View stored = View::dense(target);
  for (auto [dim, from] : llvm::enumerate(permutation))
    view.strides[from] = stored.strides[dim];
  return {bufferOf(target), layoutOf(view)};
}

ProgramBuilder::StridedBuffer ProgramBuilder::readMask(Value mask) {
  if (!mask)
    return {};
  View view = *plan.getView(mask);
  SmallVector<int64_t> numbers = {view.offset};
  for (auto [size, stride] : llvm::zip_equal(view.shape, view.strides))
    numbers.push_back(size == 1 ? 0 : stride);
  return {bufferOf(view.base), numbers};
}

Value ProgramBuilder::readWhole(Value value) {
  return value ? bufferOf(plan.getView(value)->base) : Value();
}

LogicalResult ProgramBuilder::addAttention(AttentionOp op) {
  StridedBuffer q = readRows(op.getQuery()), k = readRows(op.getKey()),
                v = readRows(op.getValue()), mask = readMask(op.getMask()),
                out = writeRows(op.getResult());
  Value lse =
      op.getLse() && !op.getLse().use_empty() ? bufferOf(op.getLse()) : Value();
  auto numbers = [&](const StridedBuffer &strided) {
    return builder.getDenseI64ArrayAttr(strided.layout);
  };
  int64_t bytes = attentionScratchBytes(op, shared.threads);
  rank::AttentionOp::create(
      builder, op.getLoc(), q.buffer, k.buffer, v.buffer, mask.buffer,
      out.buffer, lse, createScratch(op.getLoc(), bytes),
      builder.getDenseI64ArrayAttr(sizesOf(op)), numbers(q), numbers(k),
      numbers(v), mask.buffer ? numbers(mask) : DenseI64ArrayAttr(),
      numbers(out), op.getScaleAttr(), op.getSoftcapAttr(), op.getWindowAttr(),
      op.getCausalAttr(), readWhole(op.getCounters()), readWhole(op.getStep()),
      op.getDropAttr(), builder.getStringAttr("attention"));
  return success();
}

LogicalResult ProgramBuilder::addAttentionGrad(AttentionGradOp op) {
  const StridedBuffer rows[] = {
      readRows(op.getQuery()),      readRows(op.getKey()),
      readRows(op.getValue()),      readRows(op.getResultGrad()),
      writeRows(op.getQueryGrad()), writeRows(op.getKeyGrad()),
      writeRows(op.getValueGrad())};
  SmallVector<int64_t> layouts;
  for (const StridedBuffer &strided : rows)
    llvm::append_range(layouts, strided.layout);
  StridedBuffer mask = readMask(op.getMask());
  int64_t bytes = attentionGradScratchBytes(op, shared.threads);
  rank::AttentionGradOp::create(
      builder, op.getLoc(), rows[0].buffer, rows[1].buffer, rows[2].buffer,
      mask.buffer, rows[3].buffer, readWhole(op.getLse()),
      readWhole(op.getDelta()), rows[4].buffer, rows[5].buffer, rows[6].buffer,
      createScratch(op.getLoc(), bytes),
      builder.getDenseI64ArrayAttr(sizesOf(op)),
      builder.getDenseI64ArrayAttr(layouts),
      mask.buffer ? builder.getDenseI64ArrayAttr(mask.layout)
                  : DenseI64ArrayAttr(),
      op.getScaleAttr(), op.getSoftcapAttr(), op.getWindowAttr(),
      op.getCausalAttr(), readWhole(op.getCounters()), readWhole(op.getStep()),
      op.getDropAttr(), builder.getStringAttr("attention_grad"));
  return success();
}
