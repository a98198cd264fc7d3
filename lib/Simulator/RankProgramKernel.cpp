//===- RankProgramKernel.cpp - What a generated kernel does -----*- C++ -*-===//

#include "lib/Simulator/RankProgramKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::simulator;

/// As many operations of vector code as take as long, of the code that becomes
/// of a function. Those that stay calls of the C library take a scalar call for
/// each element.
static std::optional<double> opsOfFunction(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<arith::DivFOp>([](Operation *) { return 6; })
      .Case<math::SqrtOp>([](Operation *) { return 12; })
      .Case<math::ExpOp, math::TanhOp, math::RsqrtOp>(
          [](Operation *) { return 20; })
      .Case<math::LogOp>([](Operation *) { return 28; })
      .Case<math::ErfOp>([](Operation *) { return 34; })
      .Case<math::PowFOp>([](Operation *) { return 600; })
      .Case<math::SinOp, math::CosOp>([](Operation *) { return 330; })
      .Default([](Operation *) { return std::nullopt; });
}

static double opsOf(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return 0;
  if (isa<memref::LoadOp, memref::StoreOp>(op))
    return 1;
  if (std::optional<double> ops = opsOfFunction(op))
    return *ops;
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
