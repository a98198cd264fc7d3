//===- RankProgramKernel.h - What a generated kernel does -------*- C++ -*-===//
#ifndef VESCALE_LIB_SIMULATOR_RANKPROGRAMKERNEL_H
#define VESCALE_LIB_SIMULATOR_RANKPROGRAMKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale::simulator {

/// For a point of a kernel's space. Loops of unknown length go over points, and
/// count once.
struct KernelWork {
  /// Operations on elements, loads and stores; index arithmetic is hoisted out
  /// of vector code or runs beside it. A function counts as its code does: a
  /// division 6, a root 12, exp and tanh 20, log 28, erf 34.
  double ops = 0;
  /// Elements read or written, by buffer.
  std::vector<double> touched;
};

KernelWork kernelWork(mlir::func::FuncOp kernel, size_t buffers);

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKPROGRAMKERNEL_H
