//===- ElementType.cpp - Element types as the runtime has them --*- C++ -*-===//

#include "vescale/Support/ElementType.h"

vs_dtype vescale::abiType(mlir::Type element) {
  if (element.isF32())
    return VS_F32;
  if (element.isF64())
    return VS_F64;
  if (element.isF16())
    return VS_F16;
  if (element.isBF16())
    return VS_BF16;
  switch (element.getIntOrFloatBitWidth()) {
  case 1:
    return VS_BOOL;
  case 8:
    return VS_I8;
  case 16:
    return VS_I16;
  case 32:
    return VS_I32;
  default:
    return VS_I64;
  }
}
