//===- RotaryTable.h - Tables of cosines and sines --------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_ROTARYTABLE_H
#define VESCALE_PASSES_PREPARE_ROTARYTABLE_H

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/DenseMap.h"

namespace vescale::prepare {

/// How a table over all features repeats the angle of each pair of features.
enum class PairOrder {
  Halves,     ///< Feature p and p + R/2 form a pair.
  Interleaved ///< Features 2p and 2p + 1 form a pair.
};

/// Tables, of which constants are looked at once however many layers read them.
class RotaryTables {
public:
  /// Whether the two features of every pair are proved to have the same entry.
  bool repeatsPairs(mlir::Value table, PairOrder order);

  /// The table with one entry for each pair; `repeatsPairs` must hold.
  mlir::Value onePerPair(mlir::OpBuilder &builder, mlir::Value table,
                         PairOrder order);

private:
  /// One entry for each pair; null where they differ.
  mlir::DenseElementsAttr halve(mlir::DenseElementsAttr table, PairOrder order);

  llvm::DenseMap<std::pair<mlir::Attribute, int>, mlir::DenseElementsAttr>
      halves;
};

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_ROTARYTABLE_H
