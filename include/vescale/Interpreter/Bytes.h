//===- Bytes.h - Tensors as the bytes that files hold -----------*- C++ -*-===//
//
// Dense row-major little-endian elements, a byte for a truth value.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_INTERPRETER_BYTES_H
#define VESCALE_INTERPRETER_BYTES_H

#include "vescale/Interpreter/Arithmetic.h"

namespace vescale {

/// The bytes that one element takes in a file.
int64_t elementBytes(mlir::Type elementType);

/// The tensor in `bytes`, which must be as many as the type needs.
Tensor tensorFromBytes(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                       const Arithmetic &arithmetic);
std::vector<char> bytesFromTensor(const Tensor &tensor,
                                  const Arithmetic &arithmetic);

/// The tensor in a dense attribute or resource; failure where its elements
/// cannot be had.
llvm::FailureOr<Tensor> tensorFromAttribute(mlir::ElementsAttr attribute,
                                            const Arithmetic &arithmetic);

} // namespace vescale

#endif // VESCALE_INTERPRETER_BYTES_H
