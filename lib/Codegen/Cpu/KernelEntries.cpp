//===- KernelEntries.cpp - Kernels by the runtime's signature ---*- C++ -*-===//

#include "lib/Codegen/Cpu/KernelEntries.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;

static void addEntry(Function &kernel) {
  Module &module = *kernel.getParent();
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  Type *i64 = Type::getInt64Ty(context);
  auto *entry = Function::Create(
      FunctionType::get(Type::getVoidTy(context),
                        {pointer, pointer, pointer, pointer}, false),
      GlobalValue::InternalLinkage, vescale::kernelEntryName(kernel.getName()),
      module);
  IRBuilder<> builder(BasicBlock::Create(context, "", entry));
  auto load = [&](Type *type, unsigned argument, unsigned index) {
    Value *place = builder.CreateConstInBoundsGEP1_64(
        type, entry->getArg(argument), index);
    return builder.CreateLoad(type, place);
  };
  // Buffers, then low and high of both dimensions, then the environment.
  unsigned buffers = kernel.arg_size() - 5;
  SmallVector<Value *> arguments;
  for (unsigned i = 0; i < buffers; ++i)
    arguments.push_back(load(pointer, 0, i));
  for (unsigned dim = 0; dim < 2; ++dim) {
    arguments.push_back(load(i64, 1, dim));
    arguments.push_back(load(i64, 2, dim));
  }
  arguments.push_back(entry->getArg(3));
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
}

void vescale::addKernelEntries(Module &module) {
  SmallVector<Function *> kernels;
  for (Function &function : module)
    if (!function.isDeclaration())
      kernels.push_back(&function);
  for (Function *kernel : kernels) {
    kernel->setLinkage(GlobalValue::InternalLinkage);
    addEntry(*kernel);
  }
}
