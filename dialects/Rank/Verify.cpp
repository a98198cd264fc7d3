//===- Verify.cpp - Verification of parameters and steps --------*- C++ -*-===//
//
// Sizes and layouts fit the buffers, and collectives have the sizes that all
// ranks of their group agree on.
//
//===----------------------------------------------------------------------===//
#include "dialects/Rank/Rank.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

static LogicalResult verifyCount(Operation *op, StringRef what, size_t count,
                                 size_t expected) {
  if (count == expected)
    return success();
  return op->emitOpError() << what << " has " << count << " numbers, not "
                           << expected;
}

LogicalResult ReshapeOp::verify() {
  if (bufferBytes(getBuffer()) == bufferBytes(getResult()))
    return success();
  return emitOpError("turns ") << bufferBytes(getBuffer()) << " bytes into "
                               << bufferBytes(getResult());
}

RankedTensorType ParameterOp::getStoredType() {
  if (std::optional<graph::SourceAttr> source = getSource())
    return source->getType();
  if (ElementsAttr init = getInitAttr())
    return cast<RankedTensorType>(init.getType());
  return dist::withLayout(cast<RankedTensorType>(getGlobal()), {});
}

LogicalResult ParameterOp::verify() {
  if (getPacked() && getMapped())
    return emitOpError("can't be packed and stay in its file");
  if (getMapped() && getOffset())
    return emitOpError("stays in its file and has an offset");
  if (getPacked())
    return verifyCount(*this, "packed", getPacked()->size(), 3);
  return success();
}

LogicalResult KernelOp::verify() {
  if (getExtents().size() != 1 && getExtents().size() != 2)
    return emitOpError("has an iteration space of ")
           << getExtents().size() << " dimensions";
  return success();
}

/// The last element that a strided layout reaches lies in the buffer.
static LogicalResult verifyReach(Operation *op, StringRef what, Value buffer,
                                 ArrayRef<int64_t> sizes, int64_t offset,
                                 ArrayRef<int64_t> strides) {
  int64_t last = offset;
  for (auto [size, stride] : llvm::zip_equal(sizes, strides)) {
    if (size == 0)
      return success();
    last += (size - 1) * stride;
  }
  int64_t elements = cast<MemRefType>(buffer.getType()).getNumElements();
  if (offset >= 0 && last < elements)
    return success();
  return op->emitOpError() << what << " reaches element " << last << " of "
                           << elements;
}

static LogicalResult verifyMatrix(GemmOp op, StringRef what, Value buffer,
                                  ArrayRef<int64_t> layout, int64_t rows,
                                  int64_t columns) {
  if (failed(verifyCount(op, (what + " layout").str(), layout.size(), 5)))
    return failure();
  ArrayRef<int64_t> sizes = op.getSizes();
  bool transposed = layout[4];
  return verifyReach(op, what, buffer, {sizes[0], sizes[1], rows, columns},
                     layout[0],
                     {layout[1], layout[2], transposed ? 1 : layout[3],
                      transposed ? layout[3] : 1});
}

/// Leaves are a power of two that divides what is added up; there may be none
/// where bits may depend on the layout, and for a single term.
static LogicalResult verifyLeaves(Operation *op, int64_t leaves,
                                  int64_t count) {
  if (leaves == 0 && count > 1 && dist::isReproducible(op))
    return op->emitOpError("adds up in no fixed order, which a reproducible "
                           "program needs");
  if (leaves == 0 || (llvm::isPowerOf2_64(leaves) && count % leaves == 0))
    return success();
  return op->emitOpError("has ") << leaves << " leaves for sums of " << count;
}

LogicalResult GemmOp::verify() {
  if (failed(verifyCount(*this, "sizes", getSizes().size(), 5)))
    return failure();
  int64_t m = getSizes()[2], n = getSizes()[3], k = getSizes()[4];
  if (failed(verifyMatrix(*this, "a", getA(), getALayout(), m, k)) ||
      failed(verifyMatrix(*this, "c", getC(), getCLayout(), m, n)))
    return failure();
  if (getCLayout()[4])
    return emitOpError("can't write a transposed result");
  if (!getEpilogue() &&
      (!getEpilogueInputs().empty() || !getEpilogueOutputs().empty()))
    return emitOpError("has buffers of an epilogue, but no epilogue");
  if (failed(verifyLeaves(*this, getLeaves(), k)))
    return failure();
  if (getLeaves() && getBPacked())
    return emitOpError("has leaves, but a packed b");
  if (!getBPacked())
    return verifyMatrix(*this, "b", getB(), getBLayout(), k, n);
  auto parameter = baseOf(getB()).getDefiningOp<ParameterOp>();
  if (!parameter || !parameter.getPacked())
    return emitOpError("takes b as packed, which it is not");
  if ((*parameter.getPacked())[0] != k || (*parameter.getPacked())[1] != n)
    return emitOpError("is ")
           << k << "x" << n << " in b, which was packed as "
           << (*parameter.getPacked())[0] << "x" << (*parameter.getPacked())[1];
  return success();
}

/// Heads, rows and features of one operand or result of attention.
struct AttentionOperand {
  StringRef name;
  Value buffer;
  ArrayRef<int64_t> layout;
  SmallVector<int64_t> sizes;
};

static LogicalResult verifyOperands(Operation *op,
                                    ArrayRef<AttentionOperand> operands) {
  for (const AttentionOperand &operand : operands) {
    if (failed(verifyCount(op, operand.name, operand.layout.size(), 4)))
      return failure();
    SmallVector<int64_t> strides(operand.layout.drop_front());
    strides.push_back(1);
    if (failed(verifyReach(op, operand.name, operand.buffer, operand.sizes,
                           operand.layout[0], strides)))
      return failure();
  }
  return success();
}

/// The sizes, the mask, and the number that `statistics` have for each query.
template <typename Op>
static LogicalResult verifyAttention(Op op, ArrayRef<Value> statistics) {
  ArrayRef<int64_t> s = op.getSizes();
  if (failed(verifyCount(op, "sizes", s.size(), 7)))
    return failure();
  if (s[2] == 0 || s[1] % s[2] != 0)
    return op.emitOpError("has ")
           << s[1] << " heads on " << s[2] << " key heads";
  for (Value statistic : statistics) {
    auto type = cast<MemRefType>(statistic.getType());
    if (!type.getElementType().isF32() ||
        type.getNumElements() != s[0] * s[1] * s[3])
      return op.emitOpError("needs an f32 for each of ")
             << s[0] * s[1] * s[3] << " queries, but has " << type;
  }
  if (op.getDrop()) {
    auto count = [](Value buffer) {
      auto type = buffer ? cast<MemRefType>(buffer.getType()) : MemRefType();
      return type && type.getElementType().isInteger(64) ? type.getNumElements()
                                                         : -1;
    };
    if (count(op.getCounters()) != s[0] * s[1] * s[3] ||
        count(op.getStep()) != 1)
      return op.emitOpError("drops weights, for which it needs an i64 for each "
                            "of ")
             << s[0] * s[1] * s[3] << " queries, and the step";
  }
  if (!op.getMask())
    return success();
  if (!op.getMaskLayout() || op.getMaskLayout()->size() != 5)
    return op.emitOpError("needs five numbers as the mask's layout");
  return verifyReach(op, "mask", op.getMask(), {s[0], s[1], s[3], s[4]},
                     (*op.getMaskLayout())[0],
                     op.getMaskLayout()->drop_front());
}

LogicalResult AttentionOp::verify() {
  SmallVector<Value, 1> statistics;
  if (getLse())
    statistics.push_back(getLse());
  if (failed(verifyAttention(*this, statistics)))
    return failure();
  ArrayRef<int64_t> s = getSizes();
  return verifyOperands(
      *this,
      {{"query", getQuery(), getQueryLayout(), {s[0], s[1], s[3], s[5]}},
       {"key", getKey(), getKeyLayout(), {s[0], s[2], s[4], s[5]}},
       {"value", getValue(), getValueLayout(), {s[0], s[2], s[4], s[6]}},
       {"result", getResult(), getResultLayout(), {s[0], s[1], s[3], s[6]}}});
}

LogicalResult AttentionGradOp::verify() {
  if (failed(verifyAttention(*this, {getLse(), getDelta()})) ||
      failed(verifyCount(*this, "layouts", getLayouts().size(), 28)))
    return failure();
  ArrayRef<int64_t> s = getSizes();
  SmallVector<int64_t> query = {s[0], s[1], s[3], s[5]},
                       key = {s[0], s[2], s[4], s[5]},
                       value = {s[0], s[2], s[4], s[6]},
                       result = {s[0], s[1], s[3], s[6]};
  return verifyOperands(*this,
                        {{"query", getQuery(), getLayout(0), query},
                         {"key", getKey(), getLayout(1), key},
                         {"value", getValue(), getLayout(2), value},
                         {"result_grad", getResultGrad(), getLayout(3), result},
                         {"query_grad", getQueryGrad(), getLayout(4), query},
                         {"key_grad", getKeyGrad(), getLayout(5), key},
                         {"value_grad", getValueGrad(), getLayout(6), value}});
}

LogicalResult ScatterAddOp::verify() {
  ArrayRef<int64_t> s = getSizes();
  if (failed(verifyCount(*this, "sizes", s.size(), 4)))
    return failure();
  const std::tuple<StringRef, Value, int64_t> buffers[] = {
      {"indices", getIndices(), s[1]},
      {"updates", getUpdates(), s[0] * s[1] * s[3]},
      {"result", getResult(), s[0] * s[2] * s[3]}};
  for (auto [name, buffer, elements] : buffers)
    if (int64_t have = cast<MemRefType>(buffer.getType()).getNumElements();
        have != elements)
      return emitOpError() << name << " has " << have << " elements, not "
                           << elements;
  return verifyLeaves(*this, getLeaves(), s[1]);
}

LogicalResult ConvOp::verify() {
  size_t spatial = cast<MemRefType>(getInput().getType()).getRank() - 2;
  if (spatial < 1 || spatial > 3)
    return emitOpError("has ") << spatial << " spatial dimensions";
  for (ArrayRef<int64_t> list :
       {getStrides(), getDilations(), getPadLow(), getPadHigh()})
    if (failed(verifyCount(*this, "a spatial attribute", list.size(), spatial)))
      return failure();
  return success();
}

/// The shapes of one part, and that its kind has the dimensions it needs.
static LogicalResult verifyPart(CollectiveOp op, size_t part, int64_t ranks) {
  auto input = cast<MemRefType>(op.getInputs()[part].getType());
  auto output = cast<MemRefType>(op.getOutputs()[part].getType());
  if (input.getElementType() != output.getElementType())
    return op.emitOpError("changes the element type");
  SmallVector<int64_t> expected(input.getShape());
  int64_t split = op.getSplitDim(part), concat = op.getConcatDim(part);
  if (split >= input.getRank() || concat >= input.getRank())
    return op.emitOpError(
        "splits or concatenates a dimension that is not there");
  if (split >= 0)
    expected[split] = dist::shardSize(expected[split], ranks);
  // What is gathered may be cut to drop padding.
  if (concat >= 0) {
    int64_t most = expected[concat] * ranks, size = output.getShape()[concat];
    if (size > most || dist::shardSize(size, ranks) != expected[concat])
      return op.emitOpError("gathers ")
             << ranks << " shards of " << expected[concat] << " to " << size;
    expected[concat] = size;
  }
  if (output.getShape() != ArrayRef(expected))
    return op.emitOpError(
        "has a result of another shape than its input's shards");
  return success();
}

LogicalResult CollectiveOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (!program)
    return emitOpError("must be in a program");
  if (getGroup() >= program.getGroups().size())
    return emitOpError("names group ")
           << getGroup() << " of " << program.getGroups().size();
  if (getInputs().empty())
    return emitOpError("moves nothing");
  for (std::optional<ArrayRef<int64_t>> dims :
       {getSplitDims(), getConcatDims()})
    if (dims && failed(verifyCount(*this, "a list of dimensions", dims->size(),
                                   getInputs().size())))
      return failure();
  int64_t ranks =
      cast<GroupAttr>(program.getGroups()[getGroup()]).getNumRanks();
  for (size_t part = 0; part < getInputs().size(); ++part)
    if (failed(verifyPart(*this, part, ranks)))
      return failure();
  if (getKind() == CollectiveKind::Permute &&
      (!getTargets() || static_cast<int64_t>(getTargets()->size()) != ranks))
    return emitOpError("needs a target for each of ") << ranks << " ranks";
  if (!getWait())
    return emitOpError("is not waited for exactly once");
  return success();
}

LogicalResult WaitOp::verify() {
  if (getCollective())
    return success();
  return emitOpError("waits for what no collective has started");
}
