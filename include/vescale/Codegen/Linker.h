//===- Linker.h - From objects to an executable -----------------*- C++ -*-===//
#ifndef VESCALE_CODEGEN_LINKER_H
#define VESCALE_CODEGEN_LINKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <string>

namespace vescale {

/// What an executable is made of besides the program's own object.
struct LinkInputs {
  /// Prebuilt objects with the entry point.
  llvm::SmallVector<std::string> objects;
  /// Shared libraries, by path; needed by their own names at run time.
  llvm::SmallVector<std::string> libraries;
  /// Where they are looked for at run time, e.g. `$ORIGIN/../lib`.
  std::string runPath;
  /// The program interpreter, e.g. `/lib64/ld-linux-x86-64.so.2`.
  std::string loader = "/lib64/ld-linux-x86-64.so.2";
};

/// Links an object in memory to the executable `output`, within this process;
/// no compiler, C library or linker need be installed. lld keeps global state,
/// so one link runs at a time.
llvm::Error linkExecutable(llvm::MemoryBufferRef object,
                           const LinkInputs &inputs, llvm::StringRef output);

} // namespace vescale

#endif // VESCALE_CODEGEN_LINKER_H
