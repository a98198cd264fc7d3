//===- CpuTarget.cpp - x86-64 through LLVM ----------------------*- C++ -*-===//
//
// 1. Kernel functions become LLVM IR.
// 2. Each gets an entry with the ABI's signature.
// 3. The program's steps and buffers become constant tables.
// 4. LLVM optimises and emits an object.
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Cpu/CpuTarget.h"
#include "dialects/Rank/Rank.h"
#include "lib/Codegen/Cpu/KernelEntries.h"
#include "lib/Codegen/Cpu/NarrowFloats.h"
#include "lib/Codegen/Cpu/Optimize.h"
#include "lib/Codegen/Cpu/ProgramTables.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Emit/Passes.h"

using namespace mlir;
using namespace vescale;

void vescale::registerCodegenDialects(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

namespace {

class CpuTarget : public CodegenTarget {
public:
  explicit CpuTarget(std::string isa) : isaName(std::move(isa)) {}

  StringRef kind() const override { return "cpu"; }
  StringRef isa() const override { return isaName; }

  llvm::Expected<SmallVector<char, 0>>
  emitObject(ModuleOp module, StringRef hash) const override;

private:
  std::string isaName;
};

} // namespace

llvm::Expected<SmallVector<char, 0>>
CpuTarget::emitObject(ModuleOp module, StringRef hash) const {
  auto programs = module.getOps<rank::ProgramOp>();
  if (!llvm::hasSingleElement(programs))
    return llvm::createStringError("a module to emit has one rank.program");
  rank::ProgramOp program = *programs.begin();

  PassManager passes(module.getContext());
  // Fails where no tool has registered the options.
  (void)applyPassManagerCLOptions(passes);
  buildCpuKernelPipeline(passes);
  if (failed(passes.run(module)))
    return llvm::createStringError("kernels could not be lowered to LLVM");

  // The kernels alone; what else is in the module has no translation.
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (llvm::isa<LLVM::LLVMDialect>(op.getDialect()))
      op.moveBefore(kernels->getBody(), kernels->getBody()->end());

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(*kernels, context, "vescale");
  if (!code)
    return llvm::createStringError("kernels could not be translated to LLVM");
  auto machine = createTargetMachine(isaName);
  if (!machine)
    return machine.takeError();
  code->setTargetTriple((*machine)->getTargetTriple());
  code->setDataLayout((*machine)->createDataLayout());
  storeBFloatAsIntegers(*code);
  addKernelEntries(*code);
  if (llvm::Error error = addProgramTables(*code, program, hash))
    return std::move(error);
  return compileToObject(*code, **machine);
}

llvm::Expected<std::unique_ptr<CodegenTarget>>
vescale::createCpuTarget(StringRef march) {
  auto isa = chooseIsa(march);
  if (!isa)
    return isa.takeError();
  return std::make_unique<CpuTarget>(*isa);
}
