//===- Schedule.cpp - The learning rate of a step ---------------*- C++ -*-===//

#include "passes/Train/Schedule.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using train::Formula;

Value train::learningRate(Formula &f, const ScheduleOptions &schedule,
                          Value step) {
  Value rate;
  if (schedule.kind == ScheduleOptions::Constant) {
    rate = f.scalar(f.builder.getF64Type(), schedule.peak);
  } else {
    // How much of the way down is done, 0 to 1.
    double length = schedule.totalSteps - schedule.warmupSteps;
    Value done = f.mul(f.add(step, -double(schedule.warmupSteps)), 1 / length);
    done = f.min(f.max(done, 0), 1);
    Value height; // 1 to 0
    if (schedule.kind == ScheduleOptions::Linear)
      height = f.sub(1.0, done);
    else
      height =
          f.mul(f.add(f.map<CosOp>(f.mul(done, llvm::numbers::pi)), 1), 0.5);
    rate = f.add(f.mul(height, schedule.peak - schedule.last), schedule.last);
  }
  if (schedule.warmupSteps == 0)
    return rate;
  double warmup = schedule.warmupSteps;
  Value rising = f.mul(f.add(step, 1), schedule.peak / warmup);
  return f.select(f.less(step, warmup), rising, rate);
}
