//===- Bytes.cpp - Tensors as the bytes that files hold ---------*- C++ -*-===//

#include "vescale/Interpreter/Bytes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include <cstring>

using namespace mlir;
using namespace vescale;

int64_t vescale::elementBytes(Type elementType) {
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

/// The double that the bits of a float type stand for, and back.
static double decodeFloat(uint64_t bits, FloatType type) {
  llvm::APFloat number(type.getFloatSemantics(),
                       llvm::APInt(type.getWidth(), bits));
  bool lost;
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}
static uint64_t encodeFloat(double value, FloatType type) {
  llvm::APFloat number(value);
  bool lost;
  number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                 &lost);
  return number.bitcastToAPInt().getZExtValue();
}

Tensor vescale::tensorFromBytes(RankedTensorType type, ArrayRef<char> bytes,
                                const Arithmetic &arithmetic) {
  Tensor tensor(type);
  Type elementType = type.getElementType();
  int64_t size = elementBytes(elementType);
  auto floatType = dyn_cast<FloatType>(elementType);
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * size, size);
    if (floatType)
      tensor[i] = arithmetic.fromDouble(decodeFloat(bits, floatType));
    else if (elementType.isInteger(1))
      tensor[i] = bits != 0;
    else
      tensor[i] = llvm::SignExtend64(bits, 8 * size);
  }
  return tensor;
}

std::vector<char> vescale::bytesFromTensor(const Tensor &tensor,
                                           const Arithmetic &arithmetic) {
  Type elementType = tensor.getElementType();
  int64_t size = elementBytes(elementType);
  auto floatType = dyn_cast<FloatType>(elementType);
  std::vector<char> bytes(tensor.getNumElements() * size);
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    uint64_t bits = tensor[i];
    if (floatType)
      bits = encodeFloat(arithmetic.toDouble(bits), floatType);
    std::memcpy(bytes.data() + i * size, &bits, size);
  }
  return bytes;
}

FailureOr<Tensor> vescale::tensorFromAttribute(ElementsAttr attribute,
                                               const Arithmetic &arithmetic) {
  auto type = dyn_cast<RankedTensorType>(attribute.getType());
  if (!type)
    return failure();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    int64_t bytes = type.getNumElements() * elementBytes(type.getElementType());
    if (!blob || static_cast<int64_t>(blob->getData().size()) != bytes)
      return failure();
    return tensorFromBytes(type, blob->getData(), arithmetic);
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return failure();
  Elements e(arithmetic, type.getElementType());
  if (dense.isSplat())
    return Tensor(type, e.attribute(dense.getSplatValue<Attribute>()));
  Tensor tensor(type);
  for (auto [element, value] :
       llvm::zip_equal(llvm::seq<int64_t>(0, tensor.getNumElements()),
                       dense.getValues<Attribute>()))
    tensor[element] = e.attribute(value);
  return tensor;
}
