//===- ConstantData.h - A program's constants as bytes ----------*- C++ -*-===//
#ifndef VESCALE_CODEGEN_CONSTANTDATA_H
#define VESCALE_CODEGEN_CONSTANTDATA_H

#include "dialects/Rank/Rank.h"

namespace vescale {

struct ConstantData {
  llvm::SmallVector<char, 0> bytes;
  /// Where each rank.constant starts, a multiple of 64.
  llvm::DenseMap<mlir::Operation *, int64_t> offsets;
};

/// The constants of the program; equal ones lie once.
ConstantData layOutConstants(rank::ProgramOp program);

} // namespace vescale

#endif // VESCALE_CODEGEN_CONSTANTDATA_H
