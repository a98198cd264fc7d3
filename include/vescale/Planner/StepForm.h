//===- StepForm.h - A pipeline's step from its stages' times ----*- C++ -*-===//
#ifndef VESCALE_PLANNER_STEPFORM_H
#define VESCALE_PLANNER_STEPFORM_H

#include <cstdint>

namespace vescale::planner {

/// The estimate that search, report and simulation share: with stages' times t
/// for a micro-batch a step takes sum · Σ t + slowest · max t.
struct StepForm {
  double sum, slowest;

  /// Filling and draining the pipeline, and the slowest stage for each other
  /// micro-batch (GPipe, Huang et al. 2019; 1F1B takes as long). With several
  /// chunks a stage, interleaved, filling takes a part (Narayanan et al. 2021).
  explicit StepForm(int64_t microBatches, int64_t chunks = 1)
      : sum(1.0 / static_cast<double>(chunks)),
        slowest(static_cast<double>(microBatches) - sum) {}

  double operator()(double sumOfTimes, double slowestTime) const {
    return sum * sumOfTimes + slowest * slowestTime;
  }
};

} // namespace vescale::planner

#endif // VESCALE_PLANNER_STEPFORM_H
