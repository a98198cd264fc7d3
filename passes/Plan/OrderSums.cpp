//===- OrderSums.cpp - One order for every sum ------------------*- C++ -*-===//
//
// What makes a module's results independent of its layout. A sum of floats gets
// an order that does not depend on who has which terms: a balanced tree over
// leaves, each of which one rank adds up in order. Steps for each function:
//   1. find the dimensions whose major part is the batch;
//   2. sums of 16-bit floats become sums in f32, rounded once;
//   3. sums over several dimensions become sums over one, the innermost first,
//      so that each dimension has a tree of its own;
//   4. each op that adds up says how many leaves it has: along the batch one a
//      sample, so that micro-batches are subtrees too; else at most 16, none so
//      short that it slows down products.
//
// A dimension that has no leaves is whole on the rank that adds it up.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/SampleDims.h"
#include "passes/Plan/Passes.h"

namespace vescale::dist {
#define GEN_PASS_DEF_ORDERSUMSPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::graph;

namespace {
class SumOrderer {
public:
  explicit SumOrderer(func::FuncOp func) : func(func), samples(func) {}
  LogicalResult run();

private:
  /// Whether the major part of the value's dimension is the batch.
  bool isBatch(Value value, int64_t dim) const {
    std::optional<SampleDim> at = samples.lookup(value);
    return at && at->dim == dim;
  }
  void visit(Operation *op) {
    auto shardable = cast<ShardableOpInterface>(op);
    samples.visit(shardable, shardable.getShardingRule());
  }
  LogicalResult order(Operation *op);
  void setLeaves(ShardableOpInterface op, const ShardingRule &rule);
  bool sumsBatch(DotOp op, size_t index) const;
  void moveBatchFirst(DotOp op);
  ReduceOp splitReduce(ReduceOp op);
  int64_t leavesOf(Operation *op) const;

  func::FuncOp func;
  SampleDims samples;
};
} // namespace

bool SumOrderer::sumsBatch(DotOp op, size_t index) const {
  return isBatch(op.getLhs(), op.getLhsContract()[index]) ||
         isBatch(op.getRhs(), op.getRhsContract()[index]);
}

/// Leaves cut the first of the contracted dimensions.
void SumOrderer::moveBatchFirst(DotOp op) {
  SmallVector<int64_t> lhs(op.getLhsContract()), rhs(op.getRhsContract());
  for (size_t index = 1; index < lhs.size(); ++index)
    if (sumsBatch(op, index)) {
      std::rotate(lhs.begin(), lhs.begin() + index, lhs.begin() + index + 1);
      std::rotate(rhs.begin(), rhs.begin() + index, rhs.begin() + index + 1);
      op.setLhsContract(lhs);
      op.setRhsContract(rhs);
      return;
    }
}

/// What is built for an op belongs to the part of the step that it is in.
static void copyMarks(Operation *from, Operation *to) {
  for (StringRef mark : {kBackwardAttr, kOptimizerAttr})
    if (Attribute attribute = from->getAttr(mark))
      to->setAttr(mark, attribute);
}

/// Reduces one dimension after the other, the innermost first; returns the
/// first of them, if there are several, and leaves `op` the last.
ReduceOp SumOrderer::splitReduce(ReduceOp op) {
  if (op.getDims().size() < 2)
    return {};
  OpBuilder builder(op);
  SmallVector<int64_t> shape(shapeOf(op.getInput()));
  ReduceOp first;
  for (int64_t dim : llvm::reverse(op.getDims().drop_front())) {
    shape.erase(shape.begin() + dim);
    auto inner = ReduceOp::create(
        builder, op.getLoc(),
        RankedTensorType::get(shape, typeOf(op.getInput()).getElementType()),
        op.getKind(), op.getInput(), ArrayRef<int64_t>{dim});
    copyMarks(op, inner);
    op.getInputMutable().set(inner);
    if (!first)
      first = inner;
  }
  op.setDims(op.getDims().take_front());
  return first;
}

static int64_t powerOfTwoIn(int64_t value) { return value & -value; }

int64_t SumOrderer::leavesOf(Operation *op) const {
  constexpr int64_t most = 16, shortest = 32;
  auto leaves = [&](bool isBatch, int64_t size, int64_t length) {
    int64_t parts = size ? powerOfTwoIn(size) : 1;
    if (isBatch)
      return std::min(parts, powerOfTwoIn(samples.getBatch()));
    int64_t count = std::min(parts, most);
    while (count > 1 && size / count * length < shortest)
      count /= 2;
    return count;
  };
  if (auto dot = dyn_cast<DotOp>(op)) {
    ArrayRef<int64_t> contract = dot.getLhsContract();
    if (contract.empty())
      return 1;
    int64_t length = 1;
    for (int64_t dim : contract.drop_front())
      length *= shapeOf(dot.getLhs())[dim];
    return leaves(sumsBatch(dot, 0), shapeOf(dot.getLhs())[contract[0]],
                  length);
  }
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (reduce.getDims().empty())
      return 1;
    // Rows are added up in lanes; elsewhere a leaf is as good as its length.
    int64_t dim = reduce.getDims()[0];
    bool isRow = dim + 1 == rankOf(reduce.getInput());
    return leaves(isBatch(reduce.getInput(), dim),
                  shapeOf(reduce.getInput())[dim], isRow ? 1 : shortest);
  }
  if (auto scatter = dyn_cast<ScatterAddOp>(op)) {
    ArrayRef<int64_t> shape = shapeOf(scatter.getIndices());
    if (shape.empty())
      return 1;
    // Positions may be the same in all samples, and known.
    return isBatch(scatter.getIndices(), 0) ||
                   isBatch(scatter.getUpdates(), scatter.getDim())
               ? leaves(true, shape[0], 1)
               : 1;
  }
  return 1;
}

/// Whether the op adds up floats that ranks could share; a lookup's zeros for
/// what other ranks have change nothing.
static bool addsUp(ShardableOpInterface op, const ShardingRule &rule) {
  if (isa<TakeOp, TakeAlongOp>(op) || op->getNumResults() == 0 ||
      !isa<FloatType>(typeOf(op->getResult(0)).getElementType()))
    return false;
  if (isa<DotOp>(op))
    return true; // if only one term
  return llvm::any_of(rule.factors, [](const Factor &factor) {
    return factor.kind == FactorKind::Reduction &&
           factor.reduction == ReductionKind::Sum;
  });
}

/// Makes the op one on f32 between casts; returns that of its result.
static Operation *widen(Operation *op) {
  OpBuilder builder(op);
  auto cast = [&](Value value, Type element) -> Value {
    auto made = CastOp::create(builder, op->getLoc(),
                               typeOf(value).clone(element), value);
    copyMarks(op, made);
    return made;
  };
  Type f32 = builder.getF32Type();
  for (OpOperand &operand : op->getOpOperands())
    if (isa<FloatType>(typeOf(operand.get()).getElementType()))
      operand.set(cast(operand.get(), f32));
  Value result = op->getResult(0);
  RankedTensorType narrow = typeOf(result);
  result.setType(narrow.clone(f32));
  builder.setInsertionPointAfter(op);
  Value back = cast(result, narrow.getElementType());
  result.replaceAllUsesExcept(back, back.getDefiningOp());
  return back.getDefiningOp();
}

void SumOrderer::setLeaves(ShardableOpInterface op, const ShardingRule &rule) {
  if (addsUp(op, rule))
    op->setAttr(kLeavesAttr, OpBuilder(op).getI64IntegerAttr(leavesOf(op)));
  samples.visit(op, rule);
}

LogicalResult SumOrderer::order(Operation *op) {
  auto shardable = dyn_cast<ShardableOpInterface>(op);
  if (!shardable)
    return success();
  if (!isa<GraphDialect>(op->getDialect()))
    return op->emitOpError("adds up in an order that is not known; a "
                           "reproducible program is made of graph ops");
  ShardingRule rule = shardable.getShardingRule();
  bool isSum = addsUp(shardable, rule);
  Operation *back = nullptr;
  if (isSum && isa<DotOp, ReduceOp, ScatterAddOp>(op) &&
      typeOf(op->getResult(0)).getElementTypeBitWidth() == 16) {
    back = widen(op);
    for (Value operand : op->getOperands())
      if (auto cast = operand.getDefiningOp<CastOp>())
        visit(cast);
  }
  auto reduce = dyn_cast<ReduceOp>(op);
  if (reduce && (isSum || reduce.getKind() == Reduction::Prod))
    if (Operation *inner = splitReduce(reduce)) {
      for (; inner != op; inner = inner->getNextNode()) {
        auto each = cast<ShardableOpInterface>(inner);
        setLeaves(each, each.getShardingRule());
      }
      rule = shardable.getShardingRule(); // fewer dimensions
    }
  if (auto dot = dyn_cast<DotOp>(op))
    moveBatchFirst(dot);
  setLeaves(shardable, rule);
  if (back)
    visit(back);
  return success();
}

LogicalResult SumOrderer::run() {
  for (Operation &op : llvm::make_early_inc_range(func.front()))
    if (failed(order(&op)))
      return failure();
  return success();
}

namespace {
struct OrderSums : vescale::dist::impl::OrderSumsPassBase<OrderSums> {
  void runOnOperation() override {
    if (!getOperation()->hasAttr(kReproducibleAttr))
      return;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(SumOrderer(func).run()))
        return signalPassFailure();
  }
};
} // namespace
