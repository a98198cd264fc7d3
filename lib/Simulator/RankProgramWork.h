//===- RankProgramWork.h - What the steps of a program do -------*- C++ -*-===//
//
// The work of a step of a rank program, free of any machine but for what lies
// in its cache.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_SIMULATOR_RANKPROGRAMWORK_H
#define VESCALE_LIB_SIMULATOR_RANKPROGRAMWORK_H

#include "dialects/Rank/Rank.h"

namespace vescale::simulator {

/// A buffer that a step touches, and how many of its bytes at most.
struct Access {
  mlir::Value buffer;
  int64_t bytes;
};

struct StepWork {
  enum class Kind { Product, Attention, Vector, Start, Wait };

  mlir::Operation *op;
  Kind kind;
  std::string elementType = {}; ///< Of products: "f32", "bf16".
  /// Of a product, or of a convolution as one.
  int64_t batch = 0, m = 0, n = 0, k = 0;
  double productFlops = 0; ///< Of attention; a multiply-add is two.
  /// Operations that are no products, of an epilogue as well, weighted as
  /// those of kernels (RankProgramKernel.h).
  double vectorFlops = 0;
  /// Scratch is left out: it stays in the cache.
  std::vector<Access> accesses = {};
  /// Of an epilogue, which runs behind the product: those beside the result.
  std::vector<Access> epilogueAccesses = {};
};

/// What a step does.
StepWork workOf(mlir::Operation *step);

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKPROGRAMWORK_H
