//===- Optimize.cpp - LLVM's optimiser and code generator -------*- C++ -*-===//

#include "lib/Codegen/Cpu/Optimize.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

static constexpr StringLiteral v3 = "x86-64-v3", v4 = "x86-64-v4";

Expected<std::string> vescale::chooseIsa(StringRef march) {
  if (march == v3 || march == v4)
    return march.str();
  if (!march.empty() && march != "native")
    return createStringError("unknown instruction set '" + march +
                             "'; there are: native, " + v3 + ", " + v4);
  StringMap<bool> features = sys::getHostCPUFeatures();
  auto has = [&](std::initializer_list<StringRef> names) {
    return all_of(names, [&](StringRef name) { return features.lookup(name); });
  };
  if (!has({"avx2", "fma", "bmi2", "f16c"}))
    return createStringError("this machine has no AVX2; give --march=" + v3 +
                             " to compile for another one");
  bool wide = has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  return (wide ? v4 : v3).str();
}

Expected<std::unique_ptr<TargetMachine>>
vescale::createTargetMachine(StringRef isa) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Triple triple("x86_64-unknown-linux-gnu");
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError(message);
  // Whole 512-bit vectors, which the tuning of x86-64-v4 avoids.
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, isa, "-prefer-256-bit", TargetOptions(), Reloc::PIC_,
      /*CM=*/std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("LLVM has no code generator for " + isa);
  return machine;
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graphs;
  ModuleAnalysisManager modules;
  // Short rows of known length, with a polynomial for each element, would
  // become pages of code; vectors are all that loops need.
  PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

Expected<SmallVector<char, 0>>
vescale::compileToObject(Module &module, TargetMachine &machine) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr(Attribute::NoUnwind);
  }
  std::string message;
  raw_string_ostream os(message);
  if (verifyModule(module, &os))
    return createStringError("internal error: bad LLVM IR: " + message);
  optimize(module, machine);
  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  legacy::PassManager emission;
  if (machine.addPassesToEmitFile(emission, stream, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("LLVM can't emit objects for this target");
  emission.run(module);
  return object;
}
