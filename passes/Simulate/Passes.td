//===- Passes.td - What programs take, shown -------------------*- tablegen -*-===//
#ifndef VESCALE_PASSES_SIMULATE_PASSES
#define VESCALE_PASSES_SIMULATE_PASSES

include "mlir/Pass/PassBase.td"

def PredictTimes : Pass<"rank-predict-times", "::mlir::ModuleOp"> {
  let summary = "Writes on each step how long it takes on a machine, and why";
  let description = [{
    Input: a lowered module with its arena laid out. Output: the same, where
    each step that a run has, waits aside, has `predicted_us` and
    `predicted_from`, the sizes that it comes from, and the program
    `predicted_step_us`, `predicted_compute_us` and `predicted_exposed_us`. For
    debugging; no other pass reads them. Errors say what the machine file lacks.

    test/Simulator/predict-times.mlir shows input and output.
  }];
  let options = [
    Option<"cluster", "cluster", "std::string", "",
           "a machine file, or a preset with its number of devices">];
}

#endif // VESCALE_PASSES_SIMULATE_PASSES
