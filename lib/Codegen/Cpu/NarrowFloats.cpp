//===- NarrowFloats.cpp - bf16 lies in memory as integers -------*- C++ -*-===//

#include "lib/Codegen/Cpu/NarrowFloats.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

static void replaceLoad(LoadInst &load) {
  IRBuilder<> builder(&load);
  Value *bits = builder.CreateAlignedLoad(
      builder.getInt16Ty(), load.getPointerOperand(), load.getAlign());
  for (User *user : make_early_inc_range(load.users()))
    if (auto *cast = dyn_cast<BitCastInst>(user);
        cast && cast->getDestTy() == bits->getType()) {
      cast->replaceAllUsesWith(bits);
      cast->eraseFromParent();
    }
  if (!load.use_empty())
    load.replaceAllUsesWith(builder.CreateBitCast(bits, load.getType()));
  load.eraseFromParent();
}

static void replaceStore(StoreInst &store) {
  IRBuilder<> builder(&store);
  Value *value = store.getValueOperand();
  auto *cast = dyn_cast<BitCastInst>(value);
  Value *bits = cast && cast->getSrcTy() == builder.getInt16Ty()
                    ? cast->getOperand(0)
                    : builder.CreateBitCast(value, builder.getInt16Ty());
  builder.CreateAlignedStore(bits, store.getPointerOperand(), store.getAlign());
  store.eraseFromParent();
  if (cast && cast->use_empty())
    cast->eraseFromParent();
}

void vescale::storeBFloatAsIntegers(Module &module) {
  SmallVector<LoadInst *> loads;
  SmallVector<StoreInst *> stores;
  for (Function &function : module)
    for (BasicBlock &block : function)
      for (Instruction &instruction : block) {
        if (auto *load = dyn_cast<LoadInst>(&instruction);
            load && load->getType()->isBFloatTy())
          loads.push_back(load);
        if (auto *store = dyn_cast<StoreInst>(&instruction);
            store && store->getValueOperand()->getType()->isBFloatTy())
          stores.push_back(store);
      }
  for (LoadInst *load : loads)
    replaceLoad(*load);
  for (StoreInst *store : stores)
    replaceStore(*store);
}
