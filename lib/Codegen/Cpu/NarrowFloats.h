//===- NarrowFloats.h - bf16 lies in memory as integers ---------*- C++ -*-===//
#ifndef VESCALE_LIB_CODEGEN_CPU_NARROWFLOATS_H
#define VESCALE_LIB_CODEGEN_CPU_NARROWFLOATS_H

#include "llvm/IR/Module.h"

namespace vescale {

/// Makes loads and stores of bf16 ones of i16. Kernels widen and round bf16 in
/// integer arithmetic; for values of the type itself, which the optimiser would
/// make of them again, LLVM calls a compiler library that programs lack.
void storeBFloatAsIntegers(llvm::Module &module);

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_NARROWFLOATS_H
