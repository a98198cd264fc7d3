//===- Manifest.h - A bundle's manifest from a rank program -----*- C++ -*-===//
#ifndef VESCALE_LIB_DRIVER_MANIFEST_H
#define VESCALE_LIB_DRIVER_MANIFEST_H

#include "vescale/Driver/Bundle.h"

namespace vescale {

/// Bytes of a model's file that the program needs, and where in the bundle's
/// copy of the weights they go.
struct WeightRange {
  std::string name, file;
  int64_t offset, bytes, place;
};

/// The manifest's name of an element type.
llvm::StringRef dtypeName(mlir::Type type);

struct Manifest {
  /// manifest.json and plan.json.
  std::string text, plan;
  /// What is to be copied, by increasing place.
  llvm::SmallVector<WeightRange> weights;
  BundleInfo info;
};

/// Where a parameter's source file can be opened.
std::string sourcePath(const BundleOptions &options, llvm::StringRef file);

llvm::Expected<Manifest> makeManifest(mlir::ModuleOp module,
                                      const BundleOptions &options);

} // namespace vescale

#endif // VESCALE_LIB_DRIVER_MANIFEST_H
