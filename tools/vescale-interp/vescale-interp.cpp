//===- vescale-interp.cpp - Evaluates a program by reference ----*- C++ -*-===//

#include "dialects/External/External.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "tools/vescale-interp/Arguments.h"
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
cl::opt<std::string>
    input("input", cl::value_desc("x.npz"),
          cl::desc("Inputs by name, instead of random ones (.npz, .npy or "
                   ".safetensors)"),
          cl::cat(category));
cl::opt<std::string> output("output", cl::value_desc("y.npz"),
                            cl::desc("Write the results here, by name"),
                            cl::cat(category));
cl::opt<std::string>
    modelDirectory("model-dir", cl::value_desc("DIR"),
                   cl::desc("Where parameters' source files lie (default: "
                            "beside the program)"),
                   cl::cat(category));
cl::opt<uint64_t> seed("seed", cl::init(0), cl::value_desc("N"),
                       cl::desc("Seed of random inputs (default 0)"),
                       cl::cat(category));
cl::opt<int64_t> intRange("int-range", cl::init(2), cl::value_desc("N"),
                          cl::desc("Random integers lie in [0, N) (default 2)"),
                          cl::cat(category));
cl::opt<int64_t> runs("runs", cl::init(1), cl::value_desc("N"),
                      cl::desc("Run the program N times, each from the state "
                               "that the one before left (default 1)"),
                      cl::cat(category));
cl::opt<bool>
    randomParameters("random-parameters",
                     cl::desc("Random data for parameters instead of what "
                              "their source files hold"),
                     cl::cat(category));

constexpr const char *kOverview =
    "vescale's reference interpreter\n\n"
    "Evaluates the function `main` and prints for each result its type, a "
    "hash\n"
    "of its elements, and what they range over. Inputs are read from --input, "
    "or\n"
    "random: then they depend on the seed and the input's name alone, so that "
    "a\n"
    "program and its partitioned form get the same. With --field their hashes\n"
    "must be equal.\n\n"
    "Example:\n"
    "  vescale-interp model.mlir --field --seed=7\n"
    "  vescale-interp partitioned.mlir --ranks --field --seed=7\n"
    "  vescale-interp model.mlir --input=x.npz --output=y.npz\n\n"
    "Exit codes: 0 done, 1 the run failed, 2 usage, 3 bad input.\n";
} // namespace

static void printSummary(StringRef name, const Tensor &tensor,
                         const Arithmetic &arithmetic) {
  Elements e(arithmetic, tensor.getElementType());
  llvm::ArrayRef<uint8_t> bytes(
      reinterpret_cast<const uint8_t *>(tensor.data()),
      tensor.getNumElements() * sizeof(Element));
  llvm::outs() << name << ": "
               << RankedTensorType::get(tensor.getShape(),
                                        tensor.getElementType())
               << " hash "
               << llvm::format_hex_no_prefix(llvm::xxh3_64bits(bytes), 16);
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
  if (inField && !output.empty()) {
    llvm::errs() << "vescale-interp: --output cannot hold field elements; "
                    "leave out --field\n";
    return kUsage;
  }
  if (runs < 1) {
    llvm::errs() << "vescale-interp: --runs needs at least 1\n";
    return kUsage;
  }
  if (intRange < 1) {
    llvm::errs() << "vescale-interp: --int-range needs at least 1\n";
    return kUsage;
  }

  DialectRegistry registry;
  registry
      .insert<dist::DistDialect, graph::GraphDialect, func::FuncDialect,
              arith::ArithDialect, math::MathDialect, linalg::LinalgDialect>();
  registerLinalgModels(registry);
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
  FailureOr<std::vector<Tensor>> arguments =
      input.empty() ? randomArguments(*main, seed, arithmetic, intRange)
                    : readArguments(*main, input, arithmetic);
  if (failed(arguments))
    return kBadInput;
  std::string directory = modelDirectory.empty()
                              ? llvm::sys::path::parent_path(file).str()
                              : modelDirectory.getValue();
  Parameters parameters(arithmetic, {directory, randomParameters, seed});
  Interpreter interpreter(arithmetic, parameters, seed);
  FailureOr<Interpreter::Globals> results = failure();
  for (int64_t run = 0; run < runs; ++run) {
    results = onRanks ? interpreter.runOnRanks(*main, *arguments)
                      : interpreter.run(*main, *arguments);
    if (failed(results))
      return kRunFailed;
  }
  for (auto [index, tensor] : llvm::enumerate(*results))
    printSummary(resultName(*main, index), tensor, arithmetic);
  if (!output.empty() &&
      failed(writeResults(*main, output, *results, arithmetic)))
    return kRunFailed;
  return kDone;
}
