//===- ExpandMath.cpp - Polynomials for f32 functions -----------*- C++ -*-===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Emit/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace vescale {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Emit/Passes.h.inc"
} // namespace vescale

namespace {
/// An integer to bf16 through f32, which canonicalisation leaves out where f32
/// holds the integer.
template <typename Op> struct ConvertThroughF32 : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isBF16())
      return rewriter.notifyMatchFailure(op, "not to bf16");
    Value wide =
        Op::create(rewriter, op.getLoc(), rewriter.getF32Type(), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

struct ExpandMath : vescale::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    const llvm::StringSet<> expanded = {"math.exp", "math.log", "math.tanh",
                                        "math.erf"};
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, [&](StringRef name) {
      return expanded.contains(name) ||
             expanded.contains(("math." + name).str());
    });
    // Rounding to bf16 in integer arithmetic; LLVM would call a compiler
    // library, which programs do not link.
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ConvertThroughF32<arith::SIToFPOp>,
                 ConvertThroughF32<arith::UIToFPOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
