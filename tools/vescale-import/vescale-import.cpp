//===- vescale-import.cpp - From a model file to IR -------------*- C++ -*-===//

#include "mlir/Support/FileUtilities.h"
#include "vescale/Frontend/Import.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("Options");
static cl::opt<std::string> input(cl::Positional, cl::desc("MODEL"),
                                  cl::Required, cl::cat(category));
static cl::opt<std::string>
    output("o", cl::desc("Where the IR goes (default: stdout)"),
           cl::value_desc("m.mlir"), cl::init("-"), cl::cat(category));
static cl::list<std::string>
    dims("dim", cl::desc("Size of a dynamic dimension of the model, by name"),
         cl::value_desc("NAME=N"), cl::cat(category));
static cl::opt<bool>
    locations("locations",
              cl::desc("Print each op's origin: node, module, source line"),
              cl::cat(category));

static cl::opt<bool> generic("generic",
                             cl::desc("Print ops in MLIR's generic form"),
                             cl::cat(category));

int main(int argc, char **argv) {
  using namespace vescale;
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Reads an exported model (ONNX) and prints it as graph ops.\n\n"
          "  vescale-import gpt2.onnx --dim=batch=4 --dim=sequence=512 -o "
          "gpt2.mlir\n\n"
          "Weights stay where they are; the IR refers to them by file, offset "
          "and length.\nExit codes: 0 done, 2 usage, 3 bad input.\n",
          &llvm::errs()))
    return exitUsage;

  ImportOptions options;
  for (const std::string &dim : dims)
    if (std::string error = options.bind(dim); !error.empty()) {
      llvm::errs() << "error: " << error << "\n";
      return exitUsage;
    }

  mlir::MLIRContext context;
  DiagnosticPrinter printer(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel(input, options, &context);
  if (!module)
    return exitBadInput;

  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> file =
      mlir::openOutputFile(output, &message);
  if (!file) {
    llvm::errs() << "error: " << message << "\n";
    return exitUsage;
  }
  mlir::OpPrintingFlags flags;
  if (generic)
    flags.printGenericOpForm();
  if (locations)
    flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  module->print(file->os(), flags);
  file->os() << "\n";
  file->keep();
  return exitDone;
}
