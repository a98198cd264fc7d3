//===- RandomPrograms.cpp - Writes random programs to files -----*- C++ -*-===//
//
// RandomPrograms DIR CASES writes CASES programs of each op, in the generic
// form and with named arguments and results, for oracles outside of this
// project.
//
//===----------------------------------------------------------------------===//
#include "Generator.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: RandomPrograms DIR CASES\n";
    return 2;
  }
  MLIRContext context;
  context
      .loadDialect<graph::GraphDialect, dist::DistDialect, func::FuncDialect>();
  int64_t cases = std::strtoll(argv[2], nullptr, 10);
  for (const Sampler &sampler : allSamplers())
    for (int64_t seed = 0; seed < cases; ++seed) {
      Generator generator(&context, seed, 8);
      generator.useParameters = false;
      generate(generator, sampler);
      nameValues(generator.main);
      std::error_code error;
      llvm::raw_fd_ostream file(std::string(argv[1]) + "/" + sampler.op.str() +
                                    "." + std::to_string(seed) + ".mlir",
                                error);
      if (error) {
        llvm::errs() << "cannot write to " << argv[1] << ": " << error.message()
                     << '\n';
        return 1;
      }
      generator.module->print(file, OpPrintingFlags().printGenericOpForm());
    }
  return 0;
}
