//===- AbiTypes.h - The ABI's structs as LLVM types -------------*- C++ -*-===//
//
// The structs of runtime/core/abi.h, field by field, and constants of them.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_CODEGEN_CPU_ABITYPES_H
#define VESCALE_LIB_CODEGEN_CPU_ABITYPES_H

#include "runtime/core/abi.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace vescale {

struct AbiTypes {
  explicit AbiTypes(llvm::LLVMContext &context);

  /// Fails if a struct's size is not what the header has.
  llvm::Error check(const llvm::DataLayout &layout) const;

  llvm::Type *i32, *i64, *f32, *pointer;
  llvm::StructType *ref, *kernel, *gemm, *drop, *attention, *attentionGrad,
      *scatterAdd, *conv, *group, *collective, *exchange, *step, *entry,
      *program;
};

/// Builds constants and the globals they live in.
class AbiConstants {
public:
  AbiConstants(llvm::Module &module, const AbiTypes &types)
      : types(types), module(module) {}

  llvm::Constant *i32(int64_t value) const {
    return llvm::ConstantInt::get(types.i32, value, true);
  }
  llvm::Constant *i64(int64_t value) const {
    return llvm::ConstantInt::get(types.i64, value, true);
  }
  llvm::Constant *null() const {
    return llvm::ConstantPointerNull::get(
        llvm::cast<llvm::PointerType>(types.pointer));
  }
  /// An array of i64, filled up with zeros to `size`.
  llvm::Constant *list(llvm::ArrayRef<int64_t> values, size_t size) const;
  llvm::Constant *text(llvm::StringRef value);
  llvm::Constant *global(llvm::Constant *value, llvm::StringRef name);
  llvm::Constant *array(llvm::Type *element,
                        llvm::ArrayRef<llvm::Constant *> values,
                        llvm::StringRef name);

  const AbiTypes &types;

private:
  llvm::Module &module;
  llvm::StringMap<llvm::Constant *> texts;
};

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_ABITYPES_H
