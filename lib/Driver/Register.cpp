//===- Register.cpp - What every tool of the compiler knows -----*- C++ -*-===//

#include "vescale/Driver/Register.h"
#include "dialects/External/External.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Rank/Rank.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Emit/Passes.h"
#include "passes/Lower/Passes.h"
#include "passes/Partition/Passes.h"
#include "passes/Plan/Passes.h"
#include "passes/Prepare/Passes.h"
#include "passes/Simulate/Passes.h"
#include "passes/Train/Passes.h"

void vescale::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<dist::DistDialect, graph::GraphDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::tensor::TensorDialect, rank::RankDialect>();
  registerLinalgModels(registry);
}

void vescale::registerPasses() {
  dist::registerPlanPhase();
  prepare::registerPreparePhase();
  train::registerTrainPhase();
  dist::registerPartitionPhase();
  registerLowerPhase();
  registerEmitPhase();
  registerVescaleSimulatePasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
}
