//===- EmitBundle.cpp - The last phase, and what is said of it --*- C++ -*-===//

#include "tools/vescale-compile/EmitBundle.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace vescale;

int vescale::fail(int code, llvm::Error error) {
  llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
  return code;
}

/// Where the prebuilt parts of bundles lie, beside this executable.
static std::string partsDir(const char *argv0) {
  std::string self = llvm::sys::fs::getMainExecutable(
      argv0, reinterpret_cast<void *>(&partsDir));
  llvm::SmallString<128> path(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(path, "..", "lib", "vescale");
  return path.str().str();
}

int vescale::emitBundle(mlir::ModuleOp module, const CodegenTarget &codegen,
                        BundleOptions options, const BundleReport &report,
                        Progress &progress, const char *argv0) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  llvm::BLAKE3 hasher;
  hasher.update(text);
  auto digest = hasher.final<16>();
  options.targetKind = codegen.kind().str();
  options.targetIsa = codegen.isa().str();
  options.hash = llvm::toHex(digest, /*LowerCase=*/true);
  options.partsDir = partsDir(argv0);
  // Emission takes the module apart, the manifest needs it whole.
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  auto object = codegen.emitObject(*copy, options.hash);
  if (!object) {
    progress.end();
    return fail(exitRunFailed, object.takeError());
  }
  llvm::Expected<BundleInfo> info = writeBundle(
      module,
      llvm::MemoryBufferRef(llvm::StringRef(object->data(), object->size()),
                            "program.o"),
      options);
  progress.end();
  if (!info)
    return fail(exitBadInput, info.takeError());
  if (report.asJson) {
    llvm::outs() << llvm::json::Value(
                        llvm::json::Object{{"bundle", options.dir},
                                           {"ranks", info->ranks},
                                           {"arena_bytes", info->arenaBytes},
                                           {"comm_bytes", info->commBytes},
                                           {"weight_bytes", info->weightBytes}})
                 << "\n";
    return exitDone;
  }
  auto mib = [](int64_t bytes) {
    return llvm::formatv("{0:f1} MiB", double(bytes) / (1 << 20)).str();
  };
  llvm::errs() << options.dir << ": " << info->ranks << " rank"
               << (info->ranks == 1 ? "" : "s") << ", each with an arena of "
               << mib(info->arenaBytes) << " and " << mib(info->commBytes)
               << " of communication buffers; weights "
               << mib(info->weightBytes) << "\n"
               << "run it: vescale-run " << options.dir
               << (!report.isStep
                       ? " --input=in.npz --output=out.npz\n"
                       : " -- --data=tokens.bin --steps=100 --save-dir=ckpt\n");
  return exitDone;
}
