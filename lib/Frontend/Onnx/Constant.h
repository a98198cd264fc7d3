//===- Constant.h - Small tensors that the importer computes with ---------===//
//
// Exporters write shape arithmetic as tensor ops. The importer knows every
// shape, so it evaluates them; this is the tensor it evaluates on. Integers
// (booleans too, as 0 and 1) are held as 64 bits, floats as doubles that are
// always a value of the element type: each operation rounds its result.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_CONSTANT_H
#define VESCALE_LIB_FRONTEND_ONNX_CONSTANT_H

#include "lib/Frontend/Onnx/Model.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace vescale::onnx {

using Shape = llvm::SmallVector<int64_t, 4>;
using ShapeRef = llvm::ArrayRef<int64_t>;

/// Product of the sizes; the largest number where it overflows.
int64_t volume(ShapeRef shape);
/// Row-major strides in elements.
Shape stridesOf(ShapeRef shape);

struct Constant {
  mlir::Type type;
  Shape shape;
  std::vector<int64_t> ints;
  std::vector<double> floats;

  Constant(mlir::Type type, ShapeRef shape);

  bool isFloat() const { return mlir::isa<mlir::FloatType>(type); }
  int64_t size() const { return volume(shape); }

  double number(int64_t index) const {
    return isFloat() ? floats[index] : static_cast<double>(ints[index]);
  }
  /// Store with rounding (floats) or wrapping (integers) to the element type.
  void setFloat(int64_t index, double value);
  void setInt(int64_t index, int64_t value);
  void copy(int64_t index, const Constant &from, int64_t fromIndex);

  mlir::DenseElementsAttr toAttribute() const;
  static Constant fromBytes(mlir::Type type, ShapeRef shape,
                            llvm::StringRef bytes);
};

/// `value` rounded to the nearest value of `type`.
double roundTo(mlir::FloatType type, double value);

/// Walks the indices of `shape` in row-major order, giving for each the offset
/// in a tensor laid out with `strides`. Usage: for (Walk w(shape, strides);
/// !w.done(); w.next()) … w.offset() …
class Walk {
public:
  Walk(ShapeRef shape, ShapeRef strides, int64_t base = 0)
      : shape(shape), strides(strides.begin(), strides.end()),
        index(shape.size(), 0), at(base), left(volume(shape)) {}

  bool done() const { return left == 0; }
  int64_t offset() const { return at; }
  void next();

private:
  Shape shape, strides, index;
  int64_t at, left;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_CONSTANT_H
