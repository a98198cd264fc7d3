//===- Curve.h - Functions of one variable ----------------------*- C++ -*-===//
//
// Activations are recognised by their values. A formula of one tensor, scalars
// and operations that are analytic (no selection, rounding or comparison) is an
// analytic function, which its values on an interval determine; so whether it
// is GELU, say, is decided by computing both at points of an interval, and no
// spelling of the formula needs to be known.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_CURVE_H
#define VESCALE_PASSES_PREPARE_CURVE_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace vescale::prepare {

/// A value that is a function of another one, element by element.
struct Curve {
  mlir::Value result, input;
};

/// The largest formula around the value `inner` that is `function` of one of
/// the values inside. Results are null where there is none.
Curve findCurve(mlir::Value inner, llvm::function_ref<double(double)> function);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_CURVE_H
