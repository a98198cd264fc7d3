//===- Conflicts.h - Where two wishes for a layout met ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_CONFLICTS_H
#define VESCALE_PASSES_PLAN_CONFLICTS_H

#include "passes/Plan/Propagation.h"
#include "llvm/ADT/MapVector.h"

namespace vescale::dist {

/// The reshards of a function that nobody asked for: two seeds of one priority
/// met at an op, and data moves for it.
class Conflicts {
public:
  Conflicts(Propagation &propagation, MeshAttr mesh)
      : propagation(propagation), mesh(mesh) {}

  /// Looks at a reshard to be, of `user`'s operand to the layout `to`, for
  /// which each rank sends `bytes`.
  void add(mlir::Operation *user, unsigned operand, LayoutAttr to,
           int64_t bytes);
  /// One remark for each pair of seeds, at its largest reshard, if that makes
  /// each rank send at least `minBytes`.
  void report(int64_t minBytes) const;

private:
  struct Rival {
    SeedAttr seed;
    /// "result dimension 1 is wanted {"tp"}"
    std::string text;
  };
  struct Conflict {
    mlir::Operation *user;
    mlir::Location source;
    unsigned operand;
    int64_t dim;
    AxisList from, to;
    std::string rival;
    int64_t bytes;
    unsigned others = 0;
  };

  std::optional<Rival> findRival(mlir::Operation *user, unsigned operand,
                                 SeedAttr seed,
                                 llvm::ArrayRef<AxisRefAttr> from);
  std::optional<Rival> rivalOf(mlir::Value value, SeedAttr seed,
                               const llvm::Twine &what, llvm::StringRef verb);

  Propagation &propagation;
  MeshAttr mesh;
  llvm::MapVector<std::pair<SeedAttr, SeedAttr>, Conflict> found;
};

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_CONFLICTS_H
