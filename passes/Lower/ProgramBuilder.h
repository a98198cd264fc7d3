//===- ProgramBuilder.h - Builds the program of one rank --------*- C++ -*-===//
//
// Walks a function and appends buffers and steps: kernels for groups, library
// calls, collectives. Each function becomes an entry of the one program; they
// share inputs of one name, and parameters.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_PROGRAMBUILDER_H
#define VESCALE_PASSES_LOWER_PROGRAMBUILDER_H

#include "passes/Lower/Bundles.h"
#include "passes/Lower/KernelEmitter.h"
#include "passes/Lower/Updates.h"

namespace vescale {

/// What the functions of a program share.
struct SharedProgram {
  SharedProgram(rank::ProgramOp program, GroupTable &groups,
                const UpdatedParameters &updated, int64_t threads)
      : program(program), groups(groups), updated(updated), threads(threads) {}

  rank::ProgramOp program;
  GroupTable &groups;
  const UpdatedParameters &updated;
  int64_t threads;
  int64_t nextKernel = 0;
  llvm::StringMap<mlir::Value> inputs;
  /// By name, view, type and packing.
  llvm::DenseMap<mlir::Attribute, mlir::Value> parameters;
};

class ProgramBuilder {
public:
  ProgramBuilder(mlir::func::FuncOp func, const FusionPlan &plan,
                 SharedProgram &shared);

  /// Appends the function's entry; the function can be erased then.
  mlir::LogicalResult build();

  int64_t numKernels = 0, numLibraryCalls = 0;

private:
  mlir::LogicalResult addInputs();
  mlir::LogicalResult addOutputs(mlir::func::ReturnOp op);
  void placeUpdates();
  mlir::LogicalResult addOp(mlir::Operation *op);
  mlir::LogicalResult addIndexCheck(mlir::Operation *op);
  mlir::LogicalResult addBundle(const Bundle &bundle);
  mlir::LogicalResult addCollective(mlir::Operation *op);
  mlir::LogicalResult addCall(mlir::Operation *op, const Group *epilogue);
  mlir::LogicalResult addGemm(graph::DotOp op, const Group *epilogue);
  mlir::LogicalResult addConv(graph::ConvOp op, const Group *epilogue);
  mlir::LogicalResult addAttention(graph::AttentionOp op);
  mlir::LogicalResult addAttentionGrad(graph::AttentionGradOp op);
  mlir::LogicalResult addScatterAdd(graph::ScatterAddOp op);

  /// A buffer and how attention's heads and rows lie in it.
  struct StridedBuffer {
    mlir::Value buffer;
    llvm::SmallVector<int64_t> layout;
  };
  StridedBuffer readRows(mlir::Value value);
  /// Where a result goes: to its own buffer, or transposed to another.
  StridedBuffer writeRows(mlir::Value result);
  StridedBuffer readMask(mlir::Value mask);
  /// The buffer that has the whole value, if there is one.
  mlir::Value readWhole(mlir::Value value);

  void addKernel(const Kernel &kernel, mlir::ValueRange outputs,
                 mlir::Location loc);

  /// The buffer of a stored value, argument, parameter or constant.
  mlir::Value bufferOf(mlir::Value value);
  mlir::Value createBuffer(mlir::Location loc, mlir::RankedTensorType type,
                           rank::Space space = rank::Space::Arena);
  /// The parameter's buffer, the one of all functions.
  mlir::Value createParameter(graph::ParameterOp op, mlir::MemRefType type,
                              mlir::DenseI64ArrayAttr packed);
  mlir::Value createPacked(graph::ParameterOp op, int64_t k, int64_t n,
                           bool transposed);
  mlir::Value createScratch(mlir::Location loc, int64_t bytes);
  /// Where a stored value shall lie: other ranks reach what is in `comm`.
  rank::Space spaceFor(mlir::Value value);

  /// The buffers of a library call with an epilogue and the function's name.
  struct EpilogueCall {
    mlir::Value result; // what the call writes
    llvm::SmallVector<mlir::Value> inputs, outputs;
    mlir::FlatSymbolRefAttr kernel;
    std::string origin;
  };
  EpilogueCall makeEpilogue(mlir::Operation *call, const Group *group,
                            BoxSpace space);

  mlir::func::FuncOp func;
  const FusionPlan &plan;
  SharedProgram &shared;
  KernelFactory kernels;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  llvm::DenseMap<mlir::Value, mlir::Value> packed;
  llvm::DenseSet<std::pair<mlir::Value, int64_t>> checkedIndices;
  /// The parameter that a value is written over.
  llvm::DenseMap<mlir::Value, mlir::Value> overwritten;
  std::optional<Bundles> bundles;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_PROGRAMBUILDER_H
