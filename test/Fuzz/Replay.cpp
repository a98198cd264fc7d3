//===- Replay.cpp - Runs a fuzz target on the files of a folder -----------===//
//
// Stands in for libFuzzer's driver, so that every build can run the corpus.
//
//===----------------------------------------------------------------------===//

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
  size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    for (llvm::sys::fs::recursive_directory_iterator at(argv[i], error), end;
         at != end && !error; at.increment(error)) {
      auto buffer = llvm::MemoryBuffer::getFile(at->path());
      if (!buffer)
        continue; // A folder.
      llvm::errs() << at->path() << "\n";
      llvm::StringRef contents = (*buffer)->getBuffer();
      LLVMFuzzerTestOneInput(contents.bytes_begin(), contents.size());
      ++files;
    }
  }
  llvm::outs() << files << " inputs\n";
  return files == 0;
}
