//===- Calls.cpp - Library calls and their epilogues ------------*- C++ -*-===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/Lower/ProgramBuilder.h"
#include "passes/Lower/Scratch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// Whether the group only gives the call's result another shape.
static bool isReshapeOnly(const Group &group) {
  Value value = group.root;
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value == group.anchor->getResult(0);
}

static std::string originOf(Operation *op, StringRef epilogue) {
  std::string origin = op->getName().stripDialect().str();
  if (!epilogue.empty())
    origin += ("+" + epilogue).str();
  return origin;
}

ProgramBuilder::EpilogueCall ProgramBuilder::makeEpilogue(Operation *call,
                                                          const Group *group,
                                                          BoxSpace space) {
  EpilogueCall result;
  Value value = call->getResult(0);
  if (!group || isReshapeOnly(*group)) {
    result.result = bufferOf(group ? group->root : value);
    result.origin = originOf(call, "");
    return result;
  }
  Value root = group->root;
  // A parameter that is written over may be read by the epilogue, but not after
  // the call has written its result there.
  Value parameter = overwritten.lookup(root);
  bool inPlace = !parameter && typeOf(root).getElementType() ==
                                   typeOf(value).getElementType();
  Kernel kernel = kernels.emitEpilogue(*group, {space, inPlace, parameter});
  for (Value input : kernel.inputs)
    result.inputs.push_back(bufferOf(input));
  result.outputs.push_back(bufferOf(root));
  result.result = inPlace ? bufferOf(root) : bufferOf(value);
  result.kernel = FlatSymbolRefAttr::get(kernel.func);
  result.origin = originOf(call, kernel.origin);
  ++numKernels;
  return result;
}

LogicalResult ProgramBuilder::addCall(Operation *op, const Group *epilogue) {
  ++numLibraryCalls;
  if (auto dot = dyn_cast<DotOp>(op))
    return addGemm(dot, epilogue);
  if (auto conv = dyn_cast<ConvOp>(op))
    return addConv(conv, epilogue);
  if (auto scatter = dyn_cast<ScatterAddOp>(op))
    return addScatterAdd(scatter);
  if (auto grad = dyn_cast<AttentionGradOp>(op))
    return addAttentionGrad(grad);
  return addAttention(cast<AttentionOp>(op));
}

/// The parameter that the right operand is, whole and as a matrix.
static ParameterOp packableWeight(DotOp op, const Gemm &gemm, const View &view,
                                  const UpdatedParameters &updated) {
  auto parameter = view.base.getDefiningOp<ParameterOp>();
  // The library's products with packed weights have orders of its own.
  if (!parameter || gemm.leaves || updated.contains(parameter) ||
      rankOf(view.base) != 2 || view.offset != 0 ||
      gemm.batch[0] * gemm.batch[1] != 1 ||
      typeOf(view.base).getNumElements() != gemm.k * gemm.n)
    return {};
  // Small ones fit the first cache as they are.
  constexpr int64_t worthwhile = 64 * 64;
  return gemm.k * gemm.n >= worthwhile ? parameter : ParameterOp();
}

Value ProgramBuilder::createPacked(ParameterOp op, int64_t k, int64_t n,
                                   bool transposed) {
  Value &buffer = packed[op.getResult()];
  if (buffer)
    return buffer;
  Type element = typeOf(op.getResult()).getElementType();
  int64_t bytes = packedWeightBytes(k, n, element);
  auto type =
      MemRefType::get({bytes * 8 / element.getIntOrFloatBitWidth()}, element);
  return buffer = createParameter(
             op, type, builder.getDenseI64ArrayAttr({k, n, transposed}));
}

static SmallVector<int64_t> layoutOf(const Matrix &matrix, int64_t offset) {
  return {offset, matrix.batchStrides[0], matrix.batchStrides[1],
          matrix.leading, matrix.transposed};
}

LogicalResult ProgramBuilder::addGemm(DotOp op, const Group *epilogue) {
  std::optional<View> lhs = plan.getView(op.getLhs());
  std::optional<View> rhs = plan.getView(op.getRhs());
  std::optional<Gemm> gemm;
  if (lhs && rhs)
    gemm = matchGemm(op, *lhs, *rhs);
  if (!gemm)
    return op.emitOpError("has dimensions in an order that no matrix product "
                          "has; graph-lower-supported-types should have "
                          "transposed them");
  Value a = bufferOf(lhs->base), b;
  ParameterOp weight = packableWeight(op, *gemm, *rhs, shared.updated);
  // The parameter's own second dimension is the columns unless transposed.
  bool transposed = gemm->b.transposed;
  auto packedBefore = weight ? packed.lookup(weight.getResult()) : Value();
  if (packedBefore) {
    auto parameter = packedBefore.getDefiningOp<rank::ParameterOp>();
    ArrayRef<int64_t> shape = *parameter.getPacked();
    if (shape != ArrayRef<int64_t>({gemm->k, gemm->n, transposed}))
      weight = {};
  }
  b = weight ? createPacked(weight, gemm->k, gemm->n, transposed)
             : bufferOf(rhs->base);
  BoxSpace space{gemm->batch[0] * gemm->batch[1] * gemm->m, gemm->n};
  EpilogueCall call = makeEpilogue(op, epilogue, space);
  SmallVector<int64_t> sizes = {gemm->batch[0], gemm->batch[1], gemm->m,
                                gemm->n, gemm->k};
  bool isPacked = static_cast<bool>(weight);
  int64_t bytes = gemmScratchBytes(*gemm, typeOf(op.getLhs()).getElementType(),
                                   isPacked, shared.threads);
  rank::GemmOp::create(builder, op.getLoc(), a, b, call.result,
                       createScratch(op.getLoc(), bytes), call.inputs,
                       call.outputs, sizes, layoutOf(gemm->a, lhs->offset),
                       layoutOf(gemm->b, rhs->offset), layoutOf(gemm->c, 0),
                       isPacked, call.kernel, call.origin, gemm->leaves);
  return success();
}

LogicalResult ProgramBuilder::addConv(ConvOp op, const Group *epilogue) {
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  BoxSpace space{result[0] * result[1], 1};
  for (int64_t size : result.drop_front(2))
    space.columns *= size;
  EpilogueCall call = makeEpilogue(op, epilogue, space);
  int64_t bytes = convScratchBytes(op, shared.threads);
  Value input = bufferOf(plan.getView(op.getInput())->base);
  Value weight = bufferOf(plan.getView(op.getWeight())->base);
  auto shaped = [&](Value buffer, Value value) -> Value {
    auto type = MemRefType::get(
        shapeOf(value), cast<MemRefType>(buffer.getType()).getElementType());
    if (buffer.getType() == type)
      return buffer;
    return rank::ReshapeOp::create(builder, op.getLoc(), type, buffer);
  };
  rank::ConvOp::create(
      builder, op.getLoc(), shaped(input, op.getInput()),
      shaped(weight, op.getWeight()), shaped(call.result, op.getResult()),
      createScratch(op.getLoc(), bytes), call.inputs, call.outputs,
      op.getStrides(), op.getDilations(), op.getPadLow(), op.getPadHigh(),
      op.getGroups(), call.kernel, call.origin);
  return success();
}

LogicalResult ProgramBuilder::addScatterAdd(ScatterAddOp op) {
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  int64_t dim = op.getDim();
  SmallVector<int64_t> sizes = {computeProduct(result.take_front(dim)),
                                typeOf(op.getIndices()).getNumElements(),
                                result[dim],
                                computeProduct(result.drop_front(dim + 1))};
  rank::ScatterAddOp::create(
      builder, op.getLoc(), bufferOf(plan.getView(op.getIndices())->base),
      bufferOf(plan.getView(op.getUpdates())->base), bufferOf(op.getResult()),
      createScratch(op.getLoc(), scatterAddScratchBytes(op)), sizes,
      originOf(op, ""), dist::getLeaves(op));
  return success();
}
