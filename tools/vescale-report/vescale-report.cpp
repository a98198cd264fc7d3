//===- vescale-report.cpp - Prints the environment --------------*- C++ -*-===//

#include "vescale/Report/Environment.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("Options");
static cl::opt<bool> json("json", cl::desc("Print JSON instead of a table"),
                          cl::cat(category));
static cl::opt<std::string> libraryDir(
    "library-dir",
    cl::desc("Where the runtime's libraries are (default: lib beside the "
             "directory of this tool; a bundle's is DIR/lib)"),
    cl::value_desc("DIR"), cl::cat(category));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Reports what compiling and running programs depends on here.\n\n"
          "Versions, processor, memory, and which targets and transports are\n"
          "available. A part that is missing is listed with the reason.\n\n"
          "Examples:\n"
          "  vescale-report\n"
          "  vescale-report --json\n"
          "  vescale-report --library-dir=BUNDLE/lib\n\n"
          "Exit codes: 0 done, 2 usage.\n",
          &llvm::errs()))
    return vescale::exitUsage;
  if (libraryDir.empty()) {
    void *address = reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&main));
    std::string tool = llvm::sys::fs::getMainExecutable(argv[0], address);
    llvm::SmallString<128> path(
        llvm::sys::path::parent_path(llvm::sys::path::parent_path(tool)));
    llvm::sys::path::append(path, "lib");
    libraryDir = path.str().str();
  }
  vescale::Environment environment = vescale::readEnvironment(libraryDir);
  if (json)
    vescale::printJson(environment, llvm::outs());
  else
    vescale::printTable(environment, llvm::outs());
  return vescale::exitDone;
}
