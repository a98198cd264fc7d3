//===- MachineCache.cpp - This machine's file, measured once ----*- C++ -*-===//

#include "vescale/Driver/MachineCache.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <algorithm>
#include <sched.h>
#include <string>

using namespace vescale;

static int64_t coreCount() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
    return 1;
  return std::max(1, CPU_COUNT(&cores));
}

/// One for each processor, number of cores, and shape of launch.
static llvm::SmallString<128> cacheFile(int64_t ranks, int64_t threads,
                                        int64_t cores) {
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, path);
  llvm::sys::path::append(path, "vescale",
                          "cluster-" + llvm::sys::getHostCPUName() + "-" +
                              llvm::Twine(cores) + "-" + llvm::Twine(ranks) +
                              "x" + llvm::Twine(threads) + ".json");
  return path;
}

llvm::Expected<Machine> vescale::thisMachine(int64_t ranks,
                                             llvm::StringRef profiler) {
  int64_t cores = coreCount();
  int64_t threads = std::max<int64_t>(1, cores / ranks);
  llvm::SmallString<128> path = cacheFile(ranks, threads, cores);
  if (llvm::sys::fs::exists(path))
    return Machine::read(path);
  if (std::error_code error =
          llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)))
    return llvm::createStringError(error, path + ": " + error.message());
  llvm::errs() << "measuring this machine once, for " << ranks
               << " ranks; the result is kept in " << path << "\n";
  std::string ranksFlag = "--ranks=" + std::to_string(ranks);
  std::string threadsFlag = "--threads=" + std::to_string(threads);
  llvm::StringRef words[] = {profiler, "-o", path, ranksFlag, threadsFlag};
  // What it prints for people is not the compiler's output.
  std::optional<llvm::StringRef> streams[] = {std::nullopt, llvm::StringRef(""),
                                              std::nullopt};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(profiler, words, std::nullopt, streams,
                                       0, 0, &message);
  if (code != 0)
    return llvm::createStringError(profiler + " failed" +
                                   (message.empty() ? "" : ": " + message) +
                                   "; give --cluster or --mesh");
  return Machine::read(path);
}
