//===- Compiled.cpp - Programs compiled and loaded here ---------*- C++ -*-===//

#include "Compiled.h"
#include "RunCompiled.h"
#include "lib/Driver/Manifest.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Lower/Passes.h"
#include "vescale/Codegen/Target.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

static constexpr llvm::StringLiteral kWeightsFile = "weights";

static int64_t storedBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

void test::placeParameters(ModuleOp module) {
  int64_t offset = 0;
  module.walk([&](graph::ParameterOp op) {
    RankedTensorType stored = op.getStoredType();
    op.setSourceAttr(graph::SourceAttr::get(module.getContext(), kWeightsFile,
                                            offset, storedBytes(stored),
                                            stored));
    offset += storedBytes(stored);
  });
}

/// The bundle's weights: every range of the manifest at its place.
static std::string weightsOf(const Manifest &manifest, const Values &values) {
  std::string bytes;
  for (const WeightRange &range : manifest.weights) {
    auto tensor = values.parameters.find(range.name);
    std::vector<char> data =
        bytesFromTensor(tensor->second, doubleArithmetic());
    bytes.resize(range.place);
    bytes.append(data.begin(), data.end());
  }
  return bytes;
}

static llvm::Error write(llvm::StringRef path, llvm::StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (code)
    return llvm::createStringError(code, path);
  stream << bytes;
  return llvm::Error::success();
}

/// The object in this process.
static llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>>
load(ArrayRef<char> object) {
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  llvm::orc::SymbolMap hooks;
  hooks[(*jit)->mangleAndIntern("vs_index_error")] = {
      llvm::orc::ExecutorAddr::fromPtr(&vs_index_error),
      llvm::JITSymbolFlags::Exported};
  if (llvm::Error error = (*jit)->getMainJITDylib().define(
          llvm::orc::absoluteSymbols(std::move(hooks))))
    return std::move(error);
  if (llvm::Error error =
          (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
              llvm::StringRef(object.data(), object.size()), "program.o")))
    return std::move(error);
  return jit;
}

llvm::Expected<std::vector<Tensor>>
test::compileAndRun(const CompileRequest &request,
                    ArrayRef<RankedTensorType> results) {
  ModuleOp module = request.module;
  PassManager passes(module.getContext());
  buildLowerPipeline(passes);
  if (failed(passes.run(module)))
    return llvm::createStringError("lowering failed");
  auto target = createTarget("cpu", "");
  if (!target)
    return target.takeError();
  BundleOptions options;
  options.targetKind = (*target)->kind().str();
  options.targetIsa = (*target)->isa().str();
  auto manifest = makeManifest(module, options);
  if (!manifest)
    return manifest.takeError();
  auto object = (*target)->emitObject(module, "");
  if (!object)
    return object.takeError();
  auto jit = load(*object);
  if (!jit)
    return jit.takeError();
  auto program = (*jit)->lookup("vescale_program");
  if (!program)
    return program.takeError();

  SmallString<128> bundle;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("vescale-compiled", bundle))
    return llvm::createStringError(code, "no temporary directory");
  llvm::scope_exit removeBundle(
      [&] { llvm::sys::fs::remove_directories(bundle); });
  SmallString<128> weights(bundle);
  llvm::sys::path::append(weights, "weights");
  if (std::error_code code = llvm::sys::fs::create_directory(weights))
    return llvm::createStringError(code, weights);
  llvm::sys::path::append(weights, "weights.bin");
  if (llvm::Error error = write(weights, weightsOf(*manifest, request.values)))
    return std::move(error);

  RunRequest run;
  run.program = program->toPtr<const vs_program *>();
  run.manifest = manifest->text;
  run.bundle = bundle.str().str();
  run.ranks = request.ranks;
  run.threads = request.threads;
  for (const Tensor &argument : request.values.arguments)
    run.inputs.push_back(bytesFromTensor(argument, doubleArithmetic()));
  std::string error;
  std::vector<std::vector<char>> outputs = runCompiled(run, error);
  if (!error.empty())
    return llvm::createStringError("the run failed: " + error);
  std::vector<Tensor> tensors;
  for (auto [type, bytes] : llvm::zip_equal(results, outputs))
    tensors.push_back(tensorFromBytes(type, bytes, doubleArithmetic()));
  return tensors;
}
