//===- Constant.cpp - Small tensors that the importer computes with -------===//

#include "lib/Frontend/Onnx/Constant.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace vescale::onnx {

int64_t volume(ShapeRef shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    if (size == 0)
      return 0;
  for (int64_t size : shape)
    if (llvm::MulOverflow(product, size, product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

Shape stridesOf(ShapeRef shape) {
  Shape strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * shape[dim];
  return strides;
}

Constant::Constant(Type type, ShapeRef shape)
    : type(type), shape(shape.begin(), shape.end()) {
  if (isFloat())
    floats.resize(volume(shape));
  else
    ints.resize(volume(shape));
}

double roundTo(FloatType type, double value) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                  &losesInfo);
  rounded.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
}

void Constant::setFloat(int64_t index, double value) {
  floats[index] = roundTo(cast<FloatType>(type), value);
}

void Constant::setInt(int64_t index, int64_t value) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    value = value != 0;
  else if (width < 64)
    value = llvm::SignExtend64(value, width);
  ints[index] = value;
}

void Constant::copy(int64_t index, const Constant &from, int64_t fromIndex) {
  if (isFloat())
    floats[index] = from.floats[fromIndex];
  else
    ints[index] = from.ints[fromIndex];
}

DenseElementsAttr Constant::toAttribute() const {
  auto tensorType = RankedTensorType::get(shape, type);
  if (type.isF64())
    return DenseElementsAttr::get(tensorType, ArrayRef(floats));
  if (type.isF32())
    return DenseElementsAttr::get(
        tensorType, ArrayRef(std::vector<float>(floats.begin(), floats.end())));
  if (type.isInteger(64))
    return DenseElementsAttr::get(tensorType, ArrayRef(ints));
  if (auto floatType = dyn_cast<FloatType>(type)) {
    SmallVector<llvm::APFloat> values;
    values.reserve(floats.size());
    for (double value : floats) {
      llvm::APFloat element(value);
      bool losesInfo;
      element.convert(floatType.getFloatSemantics(),
                      llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      values.push_back(element);
    }
    return DenseElementsAttr::get(tensorType, values);
  }
  if (type.isInteger(1)) {
    SmallVector<bool> values(ints.begin(), ints.end());
    return DenseElementsAttr::get(tensorType, ArrayRef<bool>(values));
  }
  SmallVector<llvm::APInt> values;
  values.reserve(ints.size());
  unsigned width = type.getIntOrFloatBitWidth();
  for (int64_t value : ints)
    values.emplace_back(width, static_cast<uint64_t>(value), /*isSigned=*/false,
                        /*implicitTrunc=*/true);
  return DenseElementsAttr::get(tensorType, values);
}

Constant Constant::fromBytes(Type type, ShapeRef shape, StringRef bytes) {
  Constant result(type, shape);
  int64_t count = result.size();
  unsigned width = type.getIntOrFloatBitWidth();
  unsigned step = width == 1 ? 1 : width / 8;
  const char *in = bytes.data();
  for (int64_t i = 0; i < count; ++i, in += step) {
    uint64_t raw = 0;
    for (unsigned byte = 0; byte < step; ++byte)
      raw |= uint64_t(static_cast<uint8_t>(in[byte])) << (8 * byte);
    if (auto floatType = dyn_cast<FloatType>(type)) {
      llvm::APFloat element(floatType.getFloatSemantics(),
                            llvm::APInt(width, raw));
      bool losesInfo;
      element.convert(llvm::APFloat::IEEEdouble(),
                      llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      result.floats[i] = element.convertToDouble();
    } else {
      result.setInt(i, static_cast<int64_t>(raw));
    }
  }
  return result;
}

void Walk::next() {
  --left;
  for (size_t dim = shape.size(); dim-- > 0;) {
    at += strides[dim];
    if (++index[dim] < shape[dim])
      return;
    at -= strides[dim] * shape[dim];
    index[dim] = 0;
  }
}

} // namespace vescale::onnx
