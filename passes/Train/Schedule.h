//===- Schedule.h - The learning rate of a step -----------------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_SCHEDULE_H
#define VESCALE_PASSES_TRAIN_SCHEDULE_H

#include "passes/Train/Formula.h"
#include "vescale/Train/TrainFile.h"

namespace vescale::train {

/// The learning rate as a formula of the step's number, an f64 scalar that
/// counts from 0.
mlir::Value learningRate(Formula &f, const ScheduleOptions &schedule,
                         mlir::Value step);

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_SCHEDULE_H
