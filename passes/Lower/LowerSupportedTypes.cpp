//===- LowerSupportedTypes.cpp - What the library multiplies ----*- C++ -*-===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Lower/Library.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace vescale {
#define GEN_PASS_DEF_LOWERSUPPORTEDTYPES
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

/// Replaces operand `index` by a cast to `element`, if it has another type.
void castOperand(OpBuilder &builder, OpOperand &operand, Type element) {
  RankedTensorType type = typeOf(operand.get());
  if (type.getElementType() == element)
    return;
  operand.set(CastOp::create(builder, operand.getOwner()->getLoc(),
                             type.clone(element), operand.get()));
}

/// Computes `op` in f32 and casts its results back.
void computeInF32(Operation *op) {
  OpBuilder builder(op);
  Type f32 = builder.getF32Type();
  for (OpOperand &operand : op->getOpOperands())
    if (isa<FloatType>(typeOf(operand.get()).getElementType()))
      castOperand(builder, operand, f32);
  builder.setInsertionPointAfter(op);
  for (Value result : op->getResults()) {
    RankedTensorType type = typeOf(result);
    if (type.getElementType() == f32)
      continue;
    result.setType(type.clone(f32));
    auto back = CastOp::create(builder, op->getLoc(), type, result);
    result.replaceAllUsesExcept(back.getResult(), back);
  }
}

/// Batch dimensions first, then free, then contracted ones (or contracted, then
/// free): an order in which a dense operand is a matrix.
void orderOperand(OpBuilder &builder, DotOp op, unsigned index) {
  bool isLhs = index == 0;
  ArrayRef<int64_t> batch = isLhs ? op.getLhsBatch() : op.getRhsBatch();
  ArrayRef<int64_t> contract =
      isLhs ? op.getLhsContract() : op.getRhsContract();
  SmallVector<int64_t> free = isLhs ? op.getLhsFree() : op.getRhsFree();
  SmallVector<int64_t> order(batch), swapped(batch);
  llvm::append_range(order, free);
  llvm::append_range(order, contract);
  llvm::append_range(swapped, contract);
  llvm::append_range(swapped, free);
  if (llvm::is_sorted(order) || llvm::is_sorted(swapped))
    return;
  Value operand = op->getOperand(index);
  SmallVector<int64_t> shape;
  for (int64_t dim : order)
    shape.push_back(shapeOf(operand)[dim]);
  Value ordered = TransposeOp::create(
      builder, op.getLoc(),
      RankedTensorType::get(shape, typeOf(operand).getElementType()), operand,
      builder.getDenseI64ArrayAttr(order));
  op->setOperand(index, ordered);
  auto places = [&](size_t first, size_t count) {
    return llvm::to_vector(llvm::seq<int64_t>(first, first + count));
  };
  SmallVector<int64_t> batches = places(0, batch.size());
  SmallVector<int64_t> contracted =
      places(batch.size() + free.size(), contract.size());
  if (isLhs) {
    op.setLhsBatch(batches);
    op.setLhsContract(contracted);
  } else {
    op.setRhsBatch(batches);
    op.setRhsContract(contracted);
  }
}

/// Replaces the op by those it is made of.
void decompose(DecomposeOpInterface op) {
  OpBuilder builder(op);
  op->replaceAllUsesWith(op.decompose(builder));
  op->erase();
}

struct LowerSupportedTypes
    : vescale::impl::LowerSupportedTypesBase<LowerSupportedTypes> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (!isa<DotOp, ConvOp, ScatterAddOp, DecomposeOpInterface>(op))
        return;
      Type element = typeOf(op->getResult(0)).getElementType();
      if (element.isF16() || (element.isBF16() && !isa<DotOp>(op)))
        computeInF32(op);
    });
    // What ops are made of may be library calls again.
    getOperation().walk([](DecomposeOpInterface op) {
      if (!hasLibraryCall(op))
        decompose(op);
    });
    getOperation().walk([](Operation *op) {
      if (!hasLibraryCall(op))
        return;
      OpBuilder builder(op);
      if (auto dot = dyn_cast<DotOp>(op)) {
        orderOperand(builder, dot, 0);
        orderOperand(builder, dot, 1);
      } else if (auto scatter = dyn_cast<ScatterAddOp>(op)) {
        OpOperand &indices = scatter.getIndicesMutable();
        if (typeOf(indices.get()).getElementTypeBitWidth() < 32)
          castOperand(builder, indices, builder.getI32Type());
      }
    });
  }
};
} // namespace
