//===- Match.h - Recognising meaning in graphs ------------------*- C++ -*-===//
//
// What the raising passes share. The same formula reaches us in many spellings:
// operands swapped, a division for a product with the reciprocal, a square as a
// power, a scalar broadcast, a row statistic with or without its dimension of
// size 1. The functions here see through these.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_MATCH_H
#define VESCALE_PASSES_PREPARE_MATCH_H

#include "dialects/Graph/Graph.h"
#include "mlir/IR/PatternMatch.h"

namespace vescale::prepare {

/// The number that every element of the value is, if it is known.
std::optional<double> scalarOf(mlir::Value value);

/// Whether `actual` is `expected` after rounding to the element type of
/// `value`, give or take a few units in the last place.
bool isClose(mlir::Value value, double actual, double expected);
bool isScalar(mlir::Value value, double expected);

/// Tries both orders of the operands of a commutative Op.
template <typename Op>
bool matchCommuted(mlir::Value value,
                   llvm::function_ref<bool(mlir::Value, mlir::Value)> match) {
  auto op = value.getDefiningOp<Op>();
  return op &&
         (match(op.getLhs(), op.getRhs()) || match(op.getRhs(), op.getLhs()));
}

/// value = factor · base; looks through products and quotients with scalars and
/// negation.
struct Scaled {
  mlir::Value base;
  double factor = 1;
};
Scaled matchScaled(mlir::Value value);

/// value = base ^ exponent; looks through sqrt, rsqrt, reciprocal, powers and
/// reshapes.
struct Power {
  mlir::Value base;
  double exponent = 1;
};
Power matchPower(mlir::Value value);

/// x if the value is x², as a power or a product.
mlir::Value matchSquare(mlir::Value value);

/// The value under reshapes, which keep the order of elements.
mlir::Value skipReshapes(mlir::Value value);

/// `full` repeats a value of one element per row of its dimensions before
/// `axis` along those from `axis` on.
struct RowBroadcast {
  mlir::Value row;
  int64_t axis;
};
std::optional<RowBroadcast> matchRowBroadcast(mlir::Value full);

/// w if `full` repeats it along all dimensions before `axis`; up to dimensions
/// of size 1, w has the shape of the others.
mlir::Value matchTrailingBroadcast(mlir::Value full, int64_t axis);

/// x if `row` is the mean over the dimensions of x from `axis` on.
mlir::Value matchMean(mlir::Value row, int64_t axis);
/// x if `row` is the reduction over the dimensions of x from `axis` on.
mlir::Value matchRowReduction(mlir::Value row, graph::Reduction kind,
                              int64_t axis);

/// Whether the op computes each element from the operands' elements at the same
/// place.
bool isElementwise(mlir::Operation *op);

/// The value with size 1 in each dimension along which it repeats. Makes a
/// reshape or a smaller constant.
mlir::Value squeezeBroadcast(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value value);

/// Ops that are left out where they would do nothing.
mlir::Value createReshape(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value value, llvm::ArrayRef<int64_t> shape);
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value value,
                            llvm::ArrayRef<int64_t> permutation);
/// [start, start + count) of one dimension.
mlir::Value createSlice(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, int64_t dim, int64_t start,
                        int64_t count);

/// The location of an op that stands for all of these, the most telling first.
mlir::Location fuseLocations(llvm::ArrayRef<mlir::Value> values);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_MATCH_H
