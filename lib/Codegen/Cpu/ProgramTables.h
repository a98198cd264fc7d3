//===- ProgramTables.h - The steps of a program as constants ----*- C++ -*-===//
#ifndef VESCALE_LIB_CODEGEN_CPU_PROGRAMTABLES_H
#define VESCALE_LIB_CODEGEN_CPU_PROGRAMTABLES_H

#include "dialects/Rank/Rank.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace vescale {

/// Adds the constant `vescale_program` (runtime/core/abi.h) for the program.
llvm::Error addProgramTables(llvm::Module &module, rank::ProgramOp program,
                             llvm::StringRef hash);

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_PROGRAMTABLES_H
