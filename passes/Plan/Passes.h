//===- Passes.h - The plan phase --------------------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_PASSES_H
#define VESCALE_PASSES_PLAN_PASSES_H

#include <memory>
#include <string>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace vescale::dist {

#define GEN_PASS_DECL
#include "passes/Plan/Passes.h.inc"

/// What the user said about layouts.
struct PlanOptions {
  /// `dp=2,tp=2`; the mesh where there is no plan file.
  std::string mesh;
  /// A plan file; its mesh and layouts take the place of the default rules.
  std::string plan;
  /// Sequence sharding: empty, `megatron` or `ulysses`.
  std::string sp;
  /// Its axis; empty for the usual one.
  std::string spAxis;
  /// What of a training step is stored sharded: 0 nothing, 1 the optimizer's
  /// state, 2 the sums of gradients too, 3 the parameters too; -1 what the plan
  /// file says, or nothing.
  int64_t zero = -1;
  /// Over which axes, as `dp` or `dp:(2)2,ep`; empty for the plan file's, or
  /// dp.
  std::string zeroAxes;
};

/// prepared graph → layouts on every value.
void buildPlanPipeline(mlir::OpPassManager &pm, const PlanOptions &options);

#define GEN_PASS_REGISTRATION
#include "passes/Plan/Passes.h.inc"

/// The phase's passes and its pipeline, `dist-plan-pipeline`.
void registerPlanPhase();

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_PASSES_H
