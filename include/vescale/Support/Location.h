//===- Location.h - What an op's location says to a person -----*- C++ -*-===//
//
// The scheme of locations that frontends attach and every message prints.
//
// A frontend gives each op a `NameLoc`. Its name is text for a person: the op
// in the words of the source format, the node's name, and the module of the
// user's model that it belongs to:
//
//     MatMul 'node_MatMul_91' in encoder.layer.0.attention.query
//
// Its child is a `FileLineColLoc` of the line of the user's program that made
// the op, or unknown. Ops made out of several carry a `FusedLoc` of theirs.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_SUPPORT_LOCATION_H
#define VESCALE_SUPPORT_LOCATION_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace vescale {

/// What a frontend knows of the origin of an op; empty where unknown.
struct Origin {
  llvm::StringRef op;     ///< kind of node, e.g. "MatMul"
  llvm::StringRef node;   ///< the node's name
  llvm::StringRef module; ///< dotted path of the user's module
  llvm::StringRef file;   ///< the user's source file
  unsigned line = 0;      ///< 1-based; 0 when unknown
};

/// The name part of the scheme above, without the source line.
std::string describeOrigin(const Origin &origin);

/// The location that stands for `origin`.
mlir::Location makeLocation(mlir::MLIRContext *context, const Origin &origin);

/// The location in one line of text, for messages, e.g.
/// "MatMul 'node_MatMul_91' in encoder.layer.0 (modeling_bert.py:175)". A fused
/// location lists at most three different origins. Empty when nothing is known.
std::string describeLocation(mlir::Location location);

/// The names of the nodes that an op was made of, as the model's file has them;
/// for a location outside the scheme the name itself.
llvm::SmallVector<std::string> nodeNames(mlir::Location location);

/// The dotted paths of the user's modules that these nodes belong to; those of
/// nodes without one are left out.
llvm::SmallVector<std::string> moduleNames(mlir::Location location);

} // namespace vescale

#endif // VESCALE_SUPPORT_LOCATION_H
