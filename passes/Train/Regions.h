//===- Regions.h - Parts of a model by the author's names -------*- C++ -*-===//
//
// Which values lie inside the modules and nodes that a list of names means.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_TRAIN_REGIONS_H
#define VESCALE_PASSES_TRAIN_REGIONS_H

#include "dialects/Graph/Graph.h"
#include "llvm/Support/GlobPattern.h"
#include <string>
#include <vector>

namespace vescale::train {

class Regions {
public:
  /// The names are globs over paths of modules and names of nodes; an error
  /// names one that is none.
  static llvm::Expected<Regions> create(llvm::ArrayRef<std::string> names);

  /// Whether the value is that of a listed node, or made in a listed module and
  /// read by no forward op outside of it. A glob that matches a module means
  /// all that is in it, each module that it matches apart.
  bool isInside(mlir::Value value);
  /// An error names an entry that no op of a function had.
  llvm::Error checkUsed() const;

private:
  /// Where an op is: a listed module's path, or itself, as a listed node.
  struct Place {
    std::string module;
    bool isNode = false;
  };
  const Place &placeOf(mlir::Operation *op);
  Place findPlace(mlir::Operation *op);

  std::vector<std::string> names;
  std::vector<llvm::GlobPattern> patterns;
  std::vector<bool> used;
  llvm::DenseMap<mlir::Operation *, Place> places;
};

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_REGIONS_H
