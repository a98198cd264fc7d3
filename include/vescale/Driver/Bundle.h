//===- Bundle.h - The directory that a model is compiled to -----*- C++ -*-===//
//
// Writes what docs/Reference/bundle.md describes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DRIVER_BUNDLE_H
#define VESCALE_DRIVER_BUNDLE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <string>

namespace vescale {

/// Where a bundle's weights are.
enum class WeightsMode {
  Copy,     ///< in the bundle
  Reference ///< where they were at compilation, known by their hash
};

struct BundleOptions {
  /// The directory to write; replaces an earlier bundle there.
  std::string dir;
  /// The model's file, for its name and for what its weights' paths are
  /// relative to.
  std::string model;
  /// The target's kind and instruction set, e.g. cpu and x86-64-v4.
  std::string targetKind, targetIsa;
  /// Hash that the executable carries.
  std::string hash;
  WeightsMode weights = WeightsMode::Copy;
  /// What prediction.json says; empty for none.
  std::string prediction;
  /// Where the prebuilt parts lie: start objects, run, shared libraries.
  std::string partsDir;
};

/// What a bundle came to, for a summary.
struct BundleInfo {
  int64_t arenaBytes = 0, commBytes = 0, weightBytes = 0;
  int64_t ranks = 0;
};

/// Why a bundle may not be written to `dir`: it exists and is none.
llvm::Error checkBundleDir(llvm::StringRef dir);

/// Links `object` and writes the bundle of a lowered module beside `dir`, then
/// puts it in its place.
llvm::Expected<BundleInfo> writeBundle(mlir::ModuleOp module,
                                       llvm::MemoryBufferRef object,
                                       const BundleOptions &options);

} // namespace vescale

#endif // VESCALE_DRIVER_BUNDLE_H
