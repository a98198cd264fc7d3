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

def ShowPrices : Pass<"graph-show-prices", "::mlir::func::FuncOp"> {
  let summary = "Writes on each op what the planner counts its layouts as";
  let description = [{
    Input: a prepared forward program. Output: the same, where each op has
    `prices`, for each of its strategies the result's layout and what it takes of
    a step, and `moves`, what other layouts of the op before it cost. For
    debugging; no other pass reads them.

    test/Simulator/show-prices.mlir shows input and output.
  }];
  let options = [
    Option<"cluster", "cluster", "std::string", "",
           "a machine file, or a preset with its number of devices">,
    Option<"dp", "dp", "int64_t", "1", "data parallelism">,
    Option<"tp", "tp", "int64_t", "1", "tensor parallelism">,
    Option<"trains", "trains", "bool", "false", "a training step with AdamW">];
}

#endif // VESCALE_PASSES_SIMULATE_PASSES
