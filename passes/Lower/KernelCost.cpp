//===- KernelCost.cpp - What a kernel costs ---------------------*- C++ -*-===//

#include "passes/Lower/KernelCost.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

/// Loops over the box count once: they are the points.
static int64_t trips(scf::ForOp loop) {
  std::optional<APInt> count = loop.getStaticTripCount();
  return count ? count->getSExtValue() : 1;
}

static int64_t weight(Operation &op) {
  constexpr int64_t transcendental = 20;
  if (isa<math::ExpOp, math::LogOp, math::TanhOp, math::ErfOp, math::SinOp,
          math::CosOp, math::PowFOp>(op))
    return transcendental;
  if (isa<arith::ConstantOp>(op))
    return 0;
  return isa<memref::LoadOp, memref::StoreOp>(op) ||
         isa<arith::ArithDialect, math::MathDialect>(op.getDialect());
}

static int64_t flopsOf(Region &region) {
  int64_t flops = 0;
  for (Operation &op : region.getOps()) {
    flops += weight(op);
    int64_t inner = 0;
    for (Region &nested : op.getRegions())
      inner += flopsOf(nested);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      inner *= trips(loop);
    flops += inner;
  }
  return flops;
}

int64_t vescale::estimateFlopsPerPoint(func::FuncOp kernel) {
  return std::max<int64_t>(1, flopsOf(kernel.getBody()));
}
