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
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
