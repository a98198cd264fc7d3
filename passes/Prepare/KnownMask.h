//===- KnownMask.h - Which keys are visible, as far as known ----*- C++ -*-===//
//
// Conditions that are known when compiling, together with what an attention
// says itself. Where positions are compared, the keys that a query sees are a
// *range*, so that a mask costs its rows however long they are; other
// conditions are read element by element.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_KNOWNMASK_H
#define VESCALE_PASSES_PREPARE_KNOWNMASK_H

#include "passes/Prepare/KnownValues.h"

namespace vescale::prepare {

/// Masks of more elements, or rows, are not read; they stay masks.
inline constexpr int64_t kMaxMaskReads = int64_t(1) << 24;

class KnownMask {
public:
  explicit KnownMask(graph::AttentionOp op);

  /// Whether all of it can be read element by element.
  bool isReadable() const {
    return shape[0] * shape[1] * queries * keys <= kMaxMaskReads;
  }

  /// Takes in a condition if it is known.
  bool add(mlir::Value condition);
  /// A constant summand of a readable mask: visible where it is zero.
  void addZeros(mlir::Value summand);

  struct Verdict {
    bool all = true, eachQuery = true, isCausal = true;
    int64_t window = 0;
  };
  Verdict read() const;

  /// Whether all conditions hold; leaves out what the op says itself.
  bool holds(int64_t batch, int64_t head, int64_t query, int64_t key) const;

private:
  /// Keys [first, second).
  using Range = std::pair<int64_t, int64_t>;
  /// The keys of each row of the mask. Rows that repeat are there once.
  struct Ranges {
    llvm::SmallVector<int64_t, 3> strides;
    std::vector<Range> rows;
  };
  struct Elements {
    KnownView view; ///< In the mask's shape.
    bool zeros;     ///< Holds where the element is zero, else where it is not.
  };

  std::optional<KnownView> viewOf(mlir::Value value);
  std::optional<Ranges> rangesOf(mlir::Value condition);
  std::optional<Range> keysOf(graph::Comparison comparison,
                              const KnownView &side, bool isLeft,
                              double other) const;
  /// What all ranges have of a row.
  Range rangeOf(llvm::ArrayRef<int64_t> row) const;
  /// The same with what the op says itself; not less than empty.
  Range visibleRange(llvm::ArrayRef<int64_t> row) const;
  /// Whether all elements say so.
  bool allow(llvm::ArrayRef<int64_t> row, int64_t key) const;
  void readRow(llvm::ArrayRef<int64_t> row, Verdict &verdict) const;

  llvm::SmallVector<int64_t> shape;
  int64_t queries, keys;
  bool causal;
  int64_t window;
  llvm::SmallVector<Ranges> ranges;
  llvm::SmallVector<Elements> elements;
  KnownValues values;
};

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_KNOWNMASK_H
