//===- vescale-interp.cpp - Evaluates a program by reference ----*- C++ -*-===//

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "vescale/Driver/Register.h"
#include "vescale/Interpreter/Interpreter.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace vescale;
namespace cl = llvm::cl;

namespace {
/// What the process ends with.
enum ExitCode { kDone = 0, kRunFailed = 1, kUsage = 2, kBadInput = 3 };

cl::OptionCategory category("Options");
cl::opt<std::string> file(cl::Positional, cl::desc("<program.mlir>"),
                          cl::Required, cl::cat(category));
cl::opt<bool> onRanks("ranks",
                      cl::desc("Run a partitioned program on all ranks of its "
                               "mesh, in this process"),
                      cl::cat(category));
cl::opt<bool> inField("field",
                      cl::desc("Evaluate floats in the prime field of 2^61 - 1 "
                               "elements, where sums have no rounding"),
                      cl::cat(category));
cl::opt<uint64_t> seed("seed", cl::init(0), cl::value_desc("N"),
                       cl::desc("Seed of random inputs (default 0)"),
                       cl::cat(category));
cl::opt<int64_t> intRange("int-range", cl::init(2), cl::value_desc("N"),
                          cl::desc("Random integers lie in [0, N) (default 2)"),
                          cl::cat(category));
cl::opt<bool>
    randomParameters("random-parameters",
                     cl::desc("Random data for parameters instead of what "
                              "their source files hold"),
                     cl::cat(category));

constexpr const char *kOverview =
    "vescale's reference interpreter\n\n"
    "Evaluates the function `main` and prints for each result its type, a hash\n"
    "of its elements, and what they range over. Inputs are random, and depend\n"
    "on the seed and the input's name alone: a program and its partitioned form\n"
    "get the same. With --field their hashes must be equal.\n\n"
    "Example:\n"
    "  vescale-interp model.mlir --field --seed=7\n"
    "  vescale-interp partitioned.mlir --ranks --field --seed=7\n\n"
    "Exit codes: 0 done, 1 the run failed, 2 usage, 3 bad input.\n";
} // namespace

/// The name that the model gives to an argument or result.
static std::string nameOf(Attribute name, const char *kind, unsigned index) {
  if (auto text = dyn_cast_or_null<StringAttr>(name))
    return text.str();
  return kind + std::to_string(index);
}

static void printSummary(StringRef name, const Tensor &tensor,
                         const Arithmetic &arithmetic) {
  Elements e(arithmetic, tensor.getElementType());
  llvm::ArrayRef<uint8_t> bytes(
      reinterpret_cast<const uint8_t *>(tensor.data()),
      tensor.getNumElements() * sizeof(Element));
  llvm::outs() << name << ": "
               << RankedTensorType::get(tensor.getShape(),
                                        tensor.getElementType())
               << " hash " << llvm::format_hex_no_prefix(
                                  llvm::xxh3_64bits(bytes), 16);
  if (tensor.getNumElements() > 0) {
    Element low = tensor[0], high = tensor[0];
    for (int64_t i = 1; i < tensor.getNumElements(); ++i) {
      low = e.min(low, tensor[i]);
      high = e.max(high, tensor[i]);
    }
    llvm::outs() << " min " << e.str(low) << " max " << e.str(high);
  }
  llvm::outs() << '\n';
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, kOverview, &llvm::errs()))
    return kUsage;
  if (intRange < 1) {
    llvm::errs() << "vescale-interp: --int-range needs at least 1\n";
    return kUsage;
  }

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(file, sources, &context);
  if (!module)
    return kBadInput;
  FailureOr<func::FuncOp> main = findMain(*module);
  if (failed(main))
    return kBadInput;

  const Arithmetic &arithmetic =
      inField ? fieldArithmetic() : floatArithmetic();
  std::vector<Tensor> arguments;
  for (unsigned index = 0; index < main->getNumArguments(); ++index) {
    std::string name =
        nameOf(main->getArgAttr(index, graph::kNameAttr), "in", index);
    arguments.push_back(randomTensor(globalArgumentType(*main, index), name,
                                     seed, arithmetic, intRange));
  }
  Parameters parameters(arithmetic,
                        {llvm::sys::path::parent_path(file).str(),
                         randomParameters, seed});
  Interpreter interpreter(arithmetic, parameters, seed);
  auto results = onRanks ? interpreter.runOnRanks(*main, arguments)
                         : interpreter.run(*main, arguments);
  if (failed(results))
    return kRunFailed;
  for (auto [index, tensor] : llvm::enumerate(*results))
    printSummary(
        nameOf(main->getResultAttr(index, graph::kNameAttr), "out", index),
        tensor, arithmetic);
  return kDone;
}
