//===- Cast.cpp - Folding of conversions ------------------------*- C++ -*-===//

#include "dialects/Graph/Fold/Elements.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// Whether every value of `from` is one of `to`.
static bool holdsAll(Type to, Type from) {
  if (to == from)
    return true;
  if (to.isInteger(1))
    return false;
  auto toFloat = dyn_cast<FloatType>(to), fromFloat = dyn_cast<FloatType>(from);
  if (fromFloat) // f16 and bf16 do not hold each other.
    return toFloat && toFloat.getWidth() > fromFloat.getWidth();
  if (toFloat)
    return from.getIntOrFloatBitWidth() <= toFloat.getFPMantissaWidth();
  return to.getIntOrFloatBitWidth() > from.getIntOrFloatBitWidth();
}

static int64_t toInteger(double value, unsigned width) {
  if (std::isnan(value))
    return 0;
  double limit = std::ldexp(1.0, width - 1);
  if (value >= limit)
    return llvm::maxIntN(width);
  return value <= -limit ? llvm::minIntN(width) : static_cast<int64_t>(value);
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  RankedTensorType type = typeOf(getResult());
  // There and back again, through a type that holds all values.
  if (auto inner = getInput().getDefiningOp<CastOp>())
    if (inner.getInput().getType() == type &&
        holdsAll(typeOf(getInput()).getElementType(), type.getElementType()))
      return inner.getInput();
  std::optional<ConstantElements> x =
      ConstantElements::read(adaptor.getInput());
  if (!x)
    return {};
  if (isa<FloatType>(type.getElementType()))
    return foldFloats(type, *x, [&](int64_t i) { return x->number(i); });
  unsigned width = type.getElementTypeBitWidth();
  return foldInts(type, *x, [&](int64_t i) -> int64_t {
    if (width == 1)
      return x->number(i) != 0;
    return x->isFloat() ? toInteger(x->number(i), width) : x->integer(i);
  });
}

namespace {
/// cast(cast(x)) is one cast if the type between holds all values of x.
struct MergeCasts : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<CastOp>();
    if (!inner || typeOf(inner).getEncoding() ||
        typeOf(inner.getInput()).getEncoding())
      return rewriter.notifyMatchFailure(op, "not a cast of a cast");
    if (!holdsAll(typeOf(inner).getElementType(),
                  typeOf(inner.getInput()).getElementType()))
      return rewriter.notifyMatchFailure(op, "the inner cast loses values");
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getInput());
    return success();
  }
};
} // namespace

void CastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<MergeCasts>(context);
}
