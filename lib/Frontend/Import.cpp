//===- Import.cpp - Finds the frontend for a model file -------------------===//

#include "vescale/Frontend/Import.h"
#include "lib/Frontend/Onnx/OnnxFrontend.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace vescale {

llvm::ArrayRef<const Frontend *> frontends() {
  static const onnx::OnnxFrontend onnxFrontend;
  static const Frontend *const list[] = {&onnxFrontend};
  return list;
}

std::string ImportOptions::bind(StringRef text) {
  auto [name, number] = text.rsplit('=');
  int64_t size = 0;
  if (name.empty() || number.getAsInteger(10, size) || size < 1)
    return ("--dim=" + text + ": give NAME=N with a size N of at least 1")
        .str();
  if (!dims.try_emplace(name, size).second)
    return ("--dim=" + name + " is given twice").str();
  return {};
}

OwningOpRef<ModuleOp> importModel(StringRef path, const ImportOptions &options,
                                  MLIRContext *context) {
  constexpr uint64_t headBytes = 16;
  auto unknown = UnknownLoc::get(context);
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    emitError(unknown) << path << ": can't be opened: " << error.message();
    return {};
  }
  if (status.type() != llvm::sys::fs::file_type::regular_file) {
    emitError(unknown) << path << ": is not a regular file";
    return {};
  }
  std::string head;
  if (uint64_t size = std::min<uint64_t>(status.getSize(), headBytes)) {
    auto buffer = llvm::MemoryBuffer::getFileSlice(path, size, 0);
    if (!buffer) {
      emitError(unknown) << path
                         << ": can't be read: " << buffer.getError().message();
      return {};
    }
    head = (*buffer)->getBuffer().str();
  }
  for (const Frontend *frontend : frontends()) {
    if (!frontend->recognises(path, head))
      continue;
    OwningOpRef<ModuleOp> module = frontend->import(path, options, context);
    if (module && failed(verify(*module)))
      return {};
    return module;
  }
  auto error = emitError(unknown)
               << path << ": not a model of a known format (";
  llvm::interleaveComma(frontends(), error,
                        [&](const Frontend *f) { error << f->name(); });
  error << ")";
  return {};
}

} // namespace vescale
