//===- MaskParts.h - What an attention mask is made of ----------*- C++ -*-===//
//
// A mask is taken apart into *conditions*, all of which must hold for a key to
// be visible, and *summands* that are added to the scores.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_MASKPARTS_H
#define VESCALE_PASSES_PREPARE_MASKPARTS_H

#include "mlir/IR/PatternMatch.h"

namespace vescale::prepare {

/// Finite numbers from here on hide a score next to a visible one.
inline constexpr double kHidesBelow = -1e4;

/// Parts of a mask. All have the mask's elements in its order; their shapes may
/// lack dimensions of size 1.
struct MaskParts {
  struct Summand {
    mlir::Value value;     ///< The whole summand.
    mlir::Value condition; ///< Not null: value is select(condition, 0, fill).
    double fill = 0;       ///< A finite number that hides.
  };
  llvm::SmallVector<mlir::Value> conditions;
  llvm::SmallVector<Summand> summands;

  void add(mlir::Value value);
  void addCondition(mlir::Value value);
};

/// The conjunction of conditions, in `shape`; null if there are none.
mlir::Value createConjunction(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ValueRange conditions,
                              llvm::ArrayRef<int64_t> shape);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_MASKPARTS_H
