//===- Passes.td - From rank kernels to LLVM -------------------*- tablegen -*-===//
#ifndef VESCALE_PASSES_EMIT_PASSES
#define VESCALE_PASSES_EMIT_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"rank-expand-math", "::mlir::ModuleOp"> {
  let summary = "Replaces f32 functions by polynomials that vectorise";
  let description = [{
    exp, log, tanh and erf of f32 become MLIR's polynomial approximations, at
    most 4.7 units in the last place off. Functions whose approximations are
    worse (sin, cos, pow) and all of f64 stay calls of the C library.
    Conversions of bf16 become integer arithmetic.

    Input and output: kernel functions of arith, math, memref and scf.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

#endif // VESCALE_PASSES_EMIT_PASSES
