//===- Bundle.cpp - Writes the directory a model compiles to ----*- C++ -*-===//
//
// Steps:
//   1. make a directory beside the target;
//   2. copy the weights' bytes, the runtime and the launcher into it, link the
//      program, write manifest and plan;
//   3. exchange it with what stands at the target, and remove that.
// A failure leaves the target as it was.
//
//===----------------------------------------------------------------------===//
#include "vescale/Driver/Bundle.h"
#include "lib/Driver/Manifest.h"
#include "vescale/Codegen/Linker.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace llvm;
using namespace vescale;

static Error failure(std::error_code code, const Twine &what) {
  return createStringError(code, what + ": " + code.message());
}

static std::string join(StringRef dir, const Twine &name) {
  SmallString<128> path(dir);
  sys::path::append(path, name);
  return path.str().str();
}

Error vescale::checkBundleDir(StringRef dir) {
  sys::fs::file_status status;
  if (sys::fs::status(dir, status))
    return Error::success(); // nothing there
  if (!sys::fs::is_directory(status))
    return createStringError(errc::not_a_directory,
                             dir + ": exists and is no directory");
  std::error_code code;
  if (sys::fs::directory_iterator(dir, code) == sys::fs::directory_iterator())
    return Error::success(); // empty
  auto manifest = MemoryBuffer::getFile(join(dir, "manifest.json"));
  if (manifest) {
    if (Expected<json::Value> value = json::parse((*manifest)->getBuffer())) {
      const json::Object *object = value->getAsObject();
      std::optional<StringRef> schema =
          object ? object->getString("schema") : std::nullopt;
      if (schema && schema->starts_with("vescale.manifest/"))
        return Error::success();
    } else {
      consumeError(value.takeError());
    }
  }
  return createStringError(
      errc::file_exists,
      dir + ": exists and is no bundle; remove it or choose another -o");
}

std::string vescale::sourcePath(const BundleOptions &options, StringRef file) {
  StringRef modelDir = sys::path::parent_path(options.model);
  return sys::path::is_absolute(file)
             ? file.str()
             : join(modelDir.empty() ? "." : modelDir, file);
}

/// Copies the byte ranges to the file, each at its place.
static Error copyWeights(ArrayRef<WeightRange> ranges,
                         const BundleOptions &options, StringRef output) {
  std::error_code code;
  raw_fd_ostream stream(output, code, sys::fs::CD_CreateAlways);
  if (code)
    return failure(code, output);
  StringMap<std::unique_ptr<MemoryBuffer>> files;
  for (const WeightRange &range : ranges) {
    std::unique_ptr<MemoryBuffer> &file = files[range.file];
    if (!file) {
      std::string path = sourcePath(options, range.file);
      auto opened = MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
      if (!opened)
        return failure(opened.getError(), path);
      file = std::move(*opened);
    }
    StringRef bytes = file->getBuffer();
    if (range.offset < 0 || range.bytes < 0 ||
        uint64_t(range.offset) > bytes.size() ||
        uint64_t(range.bytes) > bytes.size() - range.offset)
      return createStringError(
          errc::invalid_argument,
          Twine(range.file) + ": parameter '" + range.name + "' needs bytes [" +
              Twine(range.offset) + ", " + Twine(range.offset + range.bytes) +
              "), but the file has " + Twine(bytes.size()));
    stream.write_zeros(range.place - stream.tell());
    stream << bytes.substr(range.offset, range.bytes);
  }
  stream.close();
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    return failure(code, output);
  }
  return Error::success();
}

static Error writeText(StringRef text, StringRef path) {
  std::error_code code;
  raw_fd_ostream stream(path, code);
  if (!code) {
    stream << text;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  return code ? failure(code, path) : Error::success();
}

/// Copies a file with its permissions.
static Error copyFile(StringRef from, StringRef to) {
  std::error_code code = sys::fs::copy_file(from, to);
  if (!code) {
    ErrorOr<sys::fs::perms> permissions = sys::fs::getPermissions(from);
    code = permissions ? sys::fs::setPermissions(to, *permissions)
                       : permissions.getError();
  }
  return code ? failure(code, from) : Error::success();
}

/// The shared libraries of the prebuilt parts go to DIR/lib.
static Expected<SmallVector<std::string>> copyLibraries(StringRef parts,
                                                        StringRef lib) {
  SmallVector<std::string> libraries;
  std::error_code code;
  for (sys::fs::directory_iterator it(parts, code), end; it != end && !code;
       it.increment(code)) {
    StringRef name = sys::path::filename(it->path());
    if (!name.starts_with("lib"))
      continue;
    libraries.push_back(join(lib, name));
    if (Error error = copyFile(it->path(), libraries.back()))
      return error;
  }
  if (code)
    return failure(code, parts);
  return libraries;
}

static Error link(MemoryBufferRef object, const BundleOptions &options,
                  StringRef dir) {
  LinkInputs inputs;
  for (const char *name : {"start.o", "main.o"})
    inputs.objects.push_back(join(options.partsDir, name));
  inputs.libraries.push_back(join(dir, "lib/libvescale_runtime.so"));
  inputs.runPath = "$ORIGIN/../lib";
  return linkExecutable(object, inputs, join(dir, "programs/0"));
}

static Error fill(mlir::ModuleOp module, MemoryBufferRef object,
                  const BundleOptions &options, StringRef dir,
                  BundleInfo &info) {
  for (const char *name : {"programs", "lib"})
    if (std::error_code code = sys::fs::create_directory(join(dir, name)))
      return failure(code, join(dir, name));
  Expected<Manifest> manifest = makeManifest(module, options);
  if (!manifest)
    return manifest.takeError();
  info = manifest->info;
  if (options.weights == WeightsMode::Copy) {
    if (std::error_code code = sys::fs::create_directory(join(dir, "weights")))
      return failure(code, join(dir, "weights"));
    if (Error error = copyWeights(manifest->weights, options,
                                  join(dir, "weights/weights.bin")))
      return error;
  }
  Expected<SmallVector<std::string>> libraries =
      copyLibraries(options.partsDir, join(dir, "lib"));
  if (!libraries)
    return libraries.takeError();
  if (Error error = copyFile(join(options.partsDir, "run"), join(dir, "run")))
    return error;
  if (Error error = link(object, options, dir))
    return error;
  if (Error error = writeText(manifest->plan, join(dir, "plan.json")))
    return error;
  if (!options.prediction.empty())
    if (Error error =
            writeText(options.prediction, join(dir, "prediction.json")))
      return error;
  return writeText(manifest->text, join(dir, "manifest.json"));
}

/// Puts `made` at `target`; an earlier bundle there is exchanged, then removed.
static Error putInPlace(const std::string &made, const std::string &target) {
  constexpr unsigned exchange = 2; // RENAME_EXCHANGE of renameat2(2)
  if (!sys::fs::exists(target)) {
    if (std::error_code code = sys::fs::rename(made, target))
      return failure(code, target);
    return Error::success();
  }
  if (syscall(SYS_renameat2, AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(),
              exchange) != 0)
    return failure(std::error_code(errno, std::generic_category()), target);
  if (std::error_code code = sys::fs::remove_directories(made, false))
    return failure(code, made);
  return Error::success();
}

Expected<BundleInfo> vescale::writeBundle(mlir::ModuleOp module,
                                          MemoryBufferRef object,
                                          const BundleOptions &options) {
  if (Error error = checkBundleDir(options.dir))
    return error;
  SmallString<128> target(options.dir);
  if (std::error_code code = sys::fs::make_absolute(target))
    return failure(code, options.dir);
  while (target.size() > 1 && target.back() == '/')
    target.pop_back();
  std::string parent = sys::path::parent_path(target).str();
  if (std::error_code code = sys::fs::create_directories(parent))
    return failure(code, parent);
  SmallString<128> made;
  sys::fs::createUniquePath(target + ".%%%%%%", made, /*MakeAbsolute=*/false);
  if (std::error_code code = sys::fs::create_directory(made, false))
    return failure(code, made);
  BundleInfo info;
  Error error = fill(module, object, options, made, info);
  if (!error)
    error = putInPlace(made.str().str(), target.str().str());
  if (error) {
    (void)sys::fs::remove_directories(made); // the first error counts
    return error;
  }
  return info;
}
