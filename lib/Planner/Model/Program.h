//===- Program.h - A model as the planner sees it ---------------*- C++ -*-===//
//
// Terms. A *leaf* is an op without operands, a parameter or a constant, or a
// transposed or cast parameter that has no other use: what lies there before any
// work is done. A *run*
// is a stretch of ops that comes several times in a row, the same but for its
// parameters: a model's layers. A *cut* stands between two ops; values that are
// made before it and used behind it *cross* it.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_PROGRAM_H
#define VESCALE_LIB_PLANNER_MODEL_PROGRAM_H

#include "dialects/Graph/SampleDims.h"

namespace vescale::planner {

/// Ops [begin, end), `copies` times in a row: the next copy begins at `end`.
struct Segment {
  unsigned begin, end;
  unsigned copies = 1;
  /// The value that crosses the cut before the first copy, and that behind it,
  /// of which the latter is the former of the next; null at the program's ends.
  mlir::Value in, out;

  unsigned length() const { return end - begin; }
};

class Program {
public:
  /// A forward program: one block, no gradients.
  explicit Program(mlir::func::FuncOp func);

  llvm::ArrayRef<mlir::Operation *> ops() const { return all; }
  /// That follow each other and cover all ops.
  llvm::ArrayRef<Segment> segments() const { return parts; }
  const graph::SampleDims &samples() const { return sampleDims; }
  mlir::func::FuncOp function() const { return func; }

  /// The op's number; nothing for a leaf.
  std::optional<unsigned> numberOf(mlir::Operation *op) const;
  /// The value that stands in copy `copy` where `value` stands in the first.
  mlir::Operation *inCopy(const Segment &segment, mlir::Operation *op,
                          unsigned copy) const;

private:
  void findSegments();

  mlir::func::FuncOp func;
  graph::SampleDims sampleDims;
  std::vector<mlir::Operation *> all;
  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
  std::vector<Segment> parts;
};

bool isLeaf(mlir::Operation *op);
/// The parameter that the value is, maybe transposed or cast; or null.
graph::ParameterOp parameterOf(mlir::Value value);
/// For each dimension of such a value the parameter's.
llvm::SmallVector<int64_t> parameterDims(mlir::Value value);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_PROGRAM_H
