//===- Lower.h - Emitting elements of ops -----------------------*- C++ -*-===//
//
// What ops use to emit the code for one element of their result; see Lower.td.
//
// Terms. A *position* is one element of a tensor, as an index per dimension or
// in the flat form row · columns + column of the same elements in row-major
// order, whichever is at hand; the flat form survives reshapes, so a reshape
// costs no arithmetic. A *row* is what a row op (softmax, a norm, a scan) looks
// at as a whole. The *compute type* of f16 and bf16 is f32; other types compute
// as themselves. Truth values are i1, stored as bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_LOWER_H
#define VESCALE_DIALECTS_INTERFACES_LOWER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

namespace vescale {

enum class LoweringKind {
  /// Moves elements or makes them out of nothing: always recomputed.
  Free,
  /// A few instructions.
  Cheap,
  /// Transcendental functions, loops: never computed twice.
  Heavy,
  /// Depends on whole rows of its operand.
  Row,
};

/// The type that elements of `type` are computed in.
mlir::Type computeType(mlir::Type type);
/// The type that elements of `type` have in memory.
mlir::Type storageType(mlir::Type type);

bool haveSameShape(mlir::Value a, mlir::Value b);

struct Position {
  llvm::SmallVector<int64_t> shape;
  /// One per dimension; empty while only the flat form is known.
  llvm::SmallVector<mlir::Value> index;
  /// The flat form, if `row` is set; `columns` is the row's length.
  mlir::Value row, column;
  int64_t columns = 0;

  bool isFlat() const { return static_cast<bool>(row); }
};

class ElementBuilder;

/// One row of a row op: the elements that differ in its row dimensions only.
struct Row {
  /// The number of elements.
  int64_t length;
  /// The position of the row's element `column`.
  std::function<Position(ElementBuilder &, mlir::Value column)> at;
};

class ElementBuilder {
public:
  virtual ~ElementBuilder() = default;

  /// The element of `value` at a position, in its compute type.
  virtual mlir::Value read(mlir::Value value, const Position &at) = 0;
  /// Makes later reads of this value in the current row come from a copy of the
  /// row, unless they come from memory already.
  virtual void cacheRow(mlir::Value value, const Row &row) = 0;
  /// Room for one row in the compute type of `elementType`.
  virtual mlir::Value rowBuffer(const Row &row, mlir::Type elementType) = 0;
  /// What emitRow of the op returned for the current row.
  virtual llvm::ArrayRef<mlir::Value> rowState(mlir::Operation *op) = 0;
  /// This rank's index in the group of ranks that the op's axes span, i64.
  virtual mlir::Value groupIndex(mlir::Operation *op, mlir::Attribute mesh,
                                 mlir::Attribute axes) = 0;

  /// A loop over [0, count) that carries values; the body returns the next.
  llvm::SmallVector<mlir::Value>
  loop(int64_t count, mlir::ValueRange initial,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(
           mlir::Value, llvm::ArrayRef<mlir::Value>)>
           body);
  void loop(mlir::Value low, mlir::Value high,
            llvm::function_ref<void(mlir::Value)> body);
  /// One of two values, of which only the one chosen is computed.
  mlir::Value choose(mlir::Value condition, mlir::Type type,
                     llvm::function_ref<mlir::Value()> onTrue,
                     llvm::function_ref<mlir::Value()> onFalse);

  mlir::Value index(int64_t value);
  /// A number of a compute type.
  mlir::Value number(mlir::Type type, double value);
  mlir::Value integer(mlir::Type type, int64_t value);

  /// One index per dimension of the position's shape.
  llvm::SmallVector<mlir::Value> indices(const Position &at);
  /// A position by its indices.
  Position at(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<mlir::Value> index);
  /// The same element of the same elements under another shape.
  Position reshaped(const Position &at, llvm::ArrayRef<int64_t> shape);
  /// The row-major number of the element among those of these dimensions.
  mlir::Value linear(llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<mlir::Value> index);
  /// The opposite: one index per dimension.
  llvm::SmallVector<mlir::Value> delinear(llvm::ArrayRef<int64_t> shape,
                                          mlir::Value linear);
  /// The element's place within the row that these dimensions make up.
  mlir::Value column(const Position &at, llvm::ArrayRef<int64_t> rowDims);

  mlir::OpBuilder builder;
  mlir::Location loc;
  /// Whether the bits of each element must not depend on how the module is laid
  /// out, cut and fused.
  bool reproducible = false;

protected:
  ElementBuilder(mlir::OpBuilder builder, mlir::Location loc)
      : builder(builder), loc(loc) {}
  /// Called around regions that do not dominate what follows.
  virtual void enterScope() = 0;
  virtual void leaveScope() = 0;
};

} // namespace vescale

#include "dialects/Interfaces/Lower.h.inc"

#endif // VESCALE_DIALECTS_INTERFACES_LOWER_H
