//===- ReductionPatterns.cpp - How graph programs get smaller ---*- C++ -*-===//

#include "vescale/Reduce/ReductionPatterns.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Reducer/ReductionPatternInterface.h"

using namespace mlir;
using namespace vescale;

namespace {
/// An op becomes a parameter of its type. The name tells the type, so that
/// parameters of one name are the same tensor.
struct ReplaceByParameter : RewritePattern {
  ReplaceByParameter(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<graph::GraphDialect, dist::DistDialect>(
            op->getDialect()) ||
        isa<graph::ParameterOp>(op) || op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "not a computed graph value");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "not a ranked tensor");
    std::string name;
    llvm::raw_string_ostream stream(name);
    llvm::interleave(type.getShape(), stream, "x");
    stream << type.getElementType();
    rewriter.replaceOpWithNewOp<graph::ParameterOp>(
        op, type, rewriter.getStringAttr(name), /*source=*/nullptr,
        /*view_offset=*/nullptr, /*view_strides=*/nullptr, /*named=*/nullptr,
        /*global=*/nullptr);
    return success();
  }
};

struct ReductionPatterns : DialectReductionPatternInterface {
  ReductionPatterns(Dialect *dialect)
      : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &patterns) const override {
    patterns.add<ReplaceByParameter>(patterns.getContext());
  }
};
} // namespace

void vescale::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, graph::GraphDialect *dialect) {
        dialect->addInterfaces<ReductionPatterns>();
      });
}
