//===- RankProgramKernel.cpp - What a generated kernel does -----*- C++ -*-===//

#include "lib/Simulator/RankProgramKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::simulator;

static double opsOf(Operation *op) {
  constexpr double root = 8, transcendental = 20;
  if (isa<arith::ConstantOp>(op))
    return 0;
  if (isa<memref::LoadOp, memref::StoreOp>(op))
    return 1;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return root;
  if (isa<math::ExpOp, math::LogOp, math::TanhOp, math::ErfOp, math::SinOp,
          math::CosOp, math::PowFOp>(op))
    return transcendental;
  if (isa<math::MathDialect>(op->getDialect()))
    return 1;
  if (!isa<arith::ArithDialect>(op->getDialect()))
    return 0;
  return llvm::none_of(op->getOperandTypes(),
                       [](Type type) { return isa<IndexType>(type); });
}

/// How often a point reaches the op: once, but for loops of known length.
static double visitsOf(Operation *op) {
  double visits = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    if (std::optional<APInt> count = loop.getStaticTripCount())
      visits *= static_cast<double>(count->getSExtValue());
  return visits;
}

KernelWork simulator::kernelWork(func::FuncOp kernel, size_t buffers) {
  KernelWork work;
  work.touched.assign(buffers, 0);
  kernel.walk([&](Operation *op) {
    double ops = opsOf(op);
    if (ops == 0)
      return;
    double visits = visitsOf(op);
    work.ops += ops * visits;
    Value buffer;
    if (auto load = dyn_cast<memref::LoadOp>(op))
      buffer = load.getMemRef();
    if (auto store = dyn_cast<memref::StoreOp>(op))
      buffer = store.getMemRef();
    auto argument = dyn_cast_or_null<BlockArgument>(buffer);
    if (argument && argument.getArgNumber() < buffers)
      work.touched[argument.getArgNumber()] += visits;
  });
  return work;
}
