//===- Rank.h - The rank dialect --------------------------------*- C++ -*-===//
//
// The dialect's ops, attributes and interfaces; see Rank.td and RankOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_RANK_RANK_H
#define VESCALE_DIALECTS_RANK_RANK_H

#include "dialects/Graph/Graph.h"

#include "dialects/Rank/RankEnums.h.inc"

#include "dialects/Rank/RankDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rank/RankAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Rank/RankTypes.h.inc"

#include "dialects/Rank/RankInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Rank/RankOps.h.inc"

namespace vescale::rank {

/// The buffer itself, of reshapes of it.
mlir::Value baseOf(mlir::Value buffer);
/// The bytes of a buffer; its layout is dense.
int64_t bufferBytes(mlir::Value buffer);

/// The live bytes of a program: buffers from the step that first writes them
/// (inputs and parameters: from the start) to the step that last uses them
/// (inputs, outputs, parameters: to the end).
struct Lifetime {
  mlir::Operation *buffer; // BufferOp, or ParameterOp in the arena
  int64_t bytes;
  int64_t first, last; // numbers of steps, inclusive
};
llvm::SmallVector<Lifetime> computeLifetimes(ProgramOp program);

} // namespace vescale::rank

#endif // VESCALE_DIALECTS_RANK_RANK_H
