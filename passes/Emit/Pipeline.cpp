//===- Pipeline.cpp - Kernels to LLVM ---------------------------*- C++ -*-===//

#include "mlir/Conversion/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Emit/Passes.h"

using namespace mlir;

void vescale::buildCpuKernelPipeline(OpPassManager &passes) {
  passes.addPass(createExpandMath());
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  // Intrinsics before library calls: what is left has no intrinsic.
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(options));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

void vescale::registerEmitPhase() {
  registerVescaleEmitPasses();
  PassPipelineRegistration<>("vescale-emit-cpu-kernels",
                             "Kernel functions to the llvm dialect",
                             buildCpuKernelPipeline);
}
