//===- Linker.cpp - From objects to an executable, through lld --*- C++ -*-===//

#include "vescale/Codegen/Linker.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

/// The paths of the C library's two parts that this process runs with: kernels
/// call functions such as memset and fmod.
static SmallVector<std::string> systemLibraries() {
  SmallVector<std::string> paths;
  double (*remainder)(double, double) = &std::fmod;
  for (void *symbol : {reinterpret_cast<void *>(remainder),
                       reinterpret_cast<void *>(&std::abort)}) {
    Dl_info info;
    if (dladdr(symbol, &info) && info.dli_fname)
      paths.push_back(info.dli_fname);
  }
  return paths;
}

Error vescale::linkExecutable(MemoryBufferRef object, const LinkInputs &inputs,
                              StringRef output) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error = sys::fs::createTemporaryFile(
          "vescale-program", "o", descriptor, path))
    return createStringError(error, "cannot make a temporary object file: " +
                                        error.message());
  FileRemover remover(path);
  {
    raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << object.getBuffer();
    stream.close();
    if (stream.has_error()) {
      std::error_code error = stream.error();
      stream.clear_error();
      return createStringError(error, path + ": " + error.message());
    }
  }
  std::string target = output.str(), source = path.str().str();
  SmallVector<const char *> arguments = {"ld.lld",
                                         "-o",
                                         target.c_str(),
                                         "--dynamic-linker",
                                         inputs.loader.c_str(),
                                         "-pie",
                                         "--gc-sections",
                                         "--enable-new-dtags",
                                         "-rpath",
                                         inputs.runPath.c_str(),
                                         "-z",
                                         "now",
                                         "-z",
                                         "relro",
                                         "--no-undefined"};
  for (const std::string &each : inputs.objects)
    arguments.push_back(each.c_str());
  arguments.push_back(source.c_str());
  for (const std::string &each : inputs.libraries)
    arguments.push_back(each.c_str());
  arguments.push_back("--as-needed");
  SmallVector<std::string> system = systemLibraries();
  for (const std::string &each : system)
    arguments.push_back(each.c_str());

  static std::mutex oneAtATime;
  std::lock_guard<std::mutex> lock(oneAtATime);
  std::string messages;
  raw_string_ostream stream(messages);
  lld::Result result =
      lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError(errc::io_error,
                             "linking " + output + " failed: " + messages);
  return Error::success();
}
