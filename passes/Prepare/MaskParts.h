//===- MaskParts.h - What an attention mask is made of ----------*- C++ -*-===//
//
// A mask is taken apart into *conditions*, all of which must hold for a key to
// be visible, and *summands* that are added to the scores. What is known of it
// when compiling is read element by element.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_MASKPARTS_H
#define VESCALE_PASSES_PREPARE_MASKPARTS_H

#include "mlir/IR/PatternMatch.h"
#include "passes/Prepare/KnownValues.h"

namespace vescale::prepare {

/// Larger masks are not read; they stay masks.
inline constexpr int64_t kMaxMaskReads = int64_t(1) << 24;
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

/// What is visible by conditions that are known when compiling.
class KnownMask {
public:
  explicit KnownMask(graph::AttentionOp op);

  bool isReadable() const {
    return shape[0] * shape[1] * queries * keys <= kMaxMaskReads;
  }
  bool isKnown(mlir::Value value) { return values.isKnown(value); }

  void add(mlir::Value condition) {
    conditions.push_back({values.read(condition, shape), false});
  }
  /// A constant summand: visible where it is zero.
  void addZeros(mlir::Value summand) {
    conditions.push_back({values.read(summand, shape), true});
  }

  struct Verdict {
    bool all = true, eachQuery = true, isCausal = true;
    int64_t window = 0;
  };
  Verdict read() const;

  /// Together with the op's own causal and window.
  bool sees(int64_t batch, int64_t head, int64_t query, int64_t key) const;
  bool holds(int64_t batch, int64_t head, int64_t query, int64_t key) const;

private:
  struct Condition {
    KnownView view; ///< In the mask's shape.
    bool zeros;     ///< Holds where the element is zero, else where it is not.
  };
  llvm::SmallVector<int64_t> shape;
  int64_t queries, keys;
  bool causal;
  int64_t window;
  llvm::SmallVector<Condition> conditions;
  KnownValues values;
};

/// The conjunction of conditions, in `shape`; null if there are none.
mlir::Value createConjunction(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ValueRange conditions,
                              llvm::ArrayRef<int64_t> shape);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_MASKPARTS_H
