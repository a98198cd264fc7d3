//===- DedupeKernels.cpp - One of each kernel -------------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;

namespace vescale {
#define GEN_PASS_DEF_DEDUPEKERNELS
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

/// The kernel's text without its name and locations.
std::string bodyText(func::FuncOp func) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << func.getFunctionType() << func.getArgAttrsAttr();
  OpPrintingFlags flags;
  flags.useLocalScope().enableDebugInfo(false);
  for (Operation &op : func.front()) {
    // Operands are numbered in the scope of the function.
    op.print(os, flags);
    os << "\n";
  }
  return text;
}

struct DedupeKernels : vescale::impl::DedupeKernelsBase<DedupeKernels> {
  void runOnOperation() override {
    llvm::StringMap<StringAttr> known;
    DenseMap<StringAttr, FlatSymbolRefAttr> replacements;
    SmallVector<func::FuncOp> duplicates;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isDeclaration())
        continue;
      auto [entry, isNew] =
          known.try_emplace(bodyText(func), func.getSymNameAttr());
      if (isNew)
        continue;
      replacements[func.getSymNameAttr()] =
          FlatSymbolRefAttr::get(entry->second);
      duplicates.push_back(func);
    }
    auto replace = [&](FlatSymbolRefAttr symbol) {
      auto found = replacements.find(symbol.getAttr());
      return found == replacements.end() ? symbol : found->second;
    };
    getOperation().walk([&](Operation *op) {
      if (auto kernel = dyn_cast<rank::KernelOp>(op))
        kernel.setKernelAttr(replace(kernel.getKernelAttr()));
      else if (auto gemm = dyn_cast<rank::GemmOp>(op))
        gemm.setEpilogueAttr(gemm.getEpilogueAttr()
                                 ? replace(gemm.getEpilogueAttr())
                                 : FlatSymbolRefAttr());
      else if (auto conv = dyn_cast<rank::ConvOp>(op))
        conv.setEpilogueAttr(conv.getEpilogueAttr()
                                 ? replace(conv.getEpilogueAttr())
                                 : FlatSymbolRefAttr());
    });
    for (func::FuncOp func : duplicates)
      func.erase();
    removed += duplicates.size();
  }
};
} // namespace
