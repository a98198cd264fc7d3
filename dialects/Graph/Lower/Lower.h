//===- Lower.h - Scalar code of graph ops -----------------------*- C++ -*-===//
//
// The scalar operations that the ops' elements are made of, by one name for all
// compute types.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_GRAPH_LOWER_LOWER_H
#define VESCALE_DIALECTS_GRAPH_LOWER_LOWER_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

class Emit {
public:
  explicit Emit(ElementBuilder &elements)
      : builder(elements.builder), loc(elements.loc),
        reproducible(elements.reproducible) {}

  static bool isFloat(mlir::Value x) {
    return mlir::isa<mlir::FloatType>(x.getType());
  }
  /// A constant of x's type.
  mlir::Value like(mlir::Value x, double value);
  /// The type's lowest or highest value.
  mlir::Value lowest(mlir::Type type);
  mlir::Value highest(mlir::Type type);

  mlir::Value neg(mlir::Value x);
  mlir::Value abs(mlir::Value x);
  mlir::Value exp(mlir::Value x);
  mlir::Value log(mlir::Value x);
  mlir::Value sqrt(mlir::Value x);
  mlir::Value tanh(mlir::Value x);
  mlir::Value erf(mlir::Value x);
  mlir::Value sin(mlir::Value x);
  mlir::Value cos(mlir::Value x);
  mlir::Value floor(mlir::Value x);
  mlir::Value ceil(mlir::Value x);
  mlir::Value round(mlir::Value x);
  mlir::Value isNan(mlir::Value x);

  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  /// Of integers truncated; by 0 it is 0, and the lowest by -1 the lowest.
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value rem(mlir::Value x, mlir::Value y);
  mlir::Value pow(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value bitAnd(mlir::Value x, mlir::Value y);
  mlir::Value bitOr(mlir::Value x, mlir::Value y);
  mlir::Value bitXor(mlir::Value x, mlir::Value y);

  mlir::Value compare(Comparison comparison, mlir::Value x, mlir::Value y);
  mlir::Value lt(mlir::Value x, mlir::Value y) {
    return compare(Comparison::Lt, x, y);
  }
  mlir::Value gt(mlir::Value x, mlir::Value y) {
    return compare(Comparison::Gt, x, y);
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);

  /// A step of a reduction: its terms may be taken in any order, unless the
  /// module is reproducible.
  mlir::Value accumulate(Reduction kind, mlir::Value sum, mlir::Value term);
  mlir::Value neutral(Reduction kind, mlir::Type type);

  /// graph.cast between element types, on compute types.
  mlir::Value convert(mlir::Value x, mlir::Type from, mlir::Type to);
  /// Between f32 and f64 and integers, of compute types.
  mlir::Value widen(mlir::Value x, mlir::Type type);

  mlir::Value toIndex(mlir::Value x);
  mlir::Value fromIndex(mlir::Value x, mlir::Type type);

private:
  mlir::Value toOddF32(mlir::Value x);
  mlir::Value shorten(mlir::Value x);
  mlir::Value floatToInt(mlir::Value x, mlir::IntegerType type);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  bool reproducible;
};

/// Whether such a reduction has an order that must be kept.
bool hasOneOrder(const ElementBuilder &builder, Reduction kind,
                 mlir::Type type);
/// Reduces the terms at 0 … count-1; in order, where there is one.
mlir::Value reduceInOrder(ElementBuilder &builder, Reduction kind,
                          mlir::Type type, int64_t count,
                          llvm::function_ref<mlir::Value(mlir::Value)> term);
/// The same along a dimension that lies densely: where there is an order, one
/// that vectors can keep. The term at each place is emitted once or twice.
mlir::Value reduceRow(ElementBuilder &builder, Reduction kind, mlir::Type type,
                      int64_t count,
                      llvm::function_ref<mlir::Value(mlir::Value)> term);
/// The balanced tree over the first `count` elements of a buffer, a power of
/// two, which it destroys.
mlir::Value foldTree(ElementBuilder &builder, Reduction kind, mlir::Value sums,
                     int64_t count);
/// The balanced tree over the sums of so many leaves (none or one: of all) that
/// begin `length` apart.
mlir::Value
sumLeaves(ElementBuilder &builder, mlir::Type type, int64_t leaves,
          int64_t length,
          llvm::function_ref<mlir::Value(mlir::Value begin)> sumLeaf);

/// Loops over `counts`, innermost last, carrying one value; `positions` holds
/// where they are while `body` emits.
mlir::Value loopNest(ElementBuilder &builder, llvm::ArrayRef<int64_t> counts,
                     llvm::SmallVectorImpl<mlir::Value> &positions,
                     mlir::Value carried,
                     llvm::function_ref<mlir::Value(mlir::Value)> body);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_LOWER_LOWER_H
