//===- Pipeline.cpp - The plan phase ----------------------------*- C++ -*-===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "passes/Plan/Passes.h"

using namespace mlir;
using namespace vescale;

void dist::buildPlanPipeline(OpPassManager &pm, const PlanOptions &options) {
  if (!options.plan.empty()) {
    ApplyPlanPassOptions apply;
    apply.plan = options.plan;
    pm.addPass(createApplyPlanPass(apply));
  } else {
    ApplyDefaultLayoutsPassOptions apply;
    apply.mesh = options.mesh;
    apply.sp = options.sp;
    apply.spAxis = options.spAxis;
    pm.addPass(createApplyDefaultLayoutsPass(apply));
  }
  MarkStoragePassOptions storage;
  storage.plan = options.plan;
  storage.zero = options.zero;
  storage.zeroAxes = options.zeroAxes;
  pm.addPass(createMarkStoragePass(storage));
  pm.addPass(createOrderSumsPass());
  pm.addPass(createPropagatePass());
  pm.addPass(createVerifyLayoutsPass());
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> mesh{*this, "mesh",
                           llvm::cl::desc("axes, slowest first: dp=2,tp=2")};
  Option<std::string> plan{*this, "plan", llvm::cl::desc("the plan file")};
  Option<std::string> sp{
      *this, "sp", llvm::cl::desc("sequence sharding: megatron or ulysses")};
  Option<std::string> spAxis{*this, "sp-axis", llvm::cl::desc("its mesh axis")};
  Option<int64_t> zero{*this, "zero",
                       llvm::cl::desc("what is stored sharded: 0 to 3"),
                       llvm::cl::init(-1)};
  Option<std::string> zeroAxes{*this, "zero-axes",
                               llvm::cl::desc("over which axes")};
};
} // namespace

void dist::registerPlanPhase() {
  registerPlanPasses();
  PassPipelineRegistration<PipelineOptions>(
      "dist-plan-pipeline", "From a prepared graph to layouts on every value",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildPlanPipeline(pm, {options.mesh, options.plan, options.sp,
                               options.spAxis, options.zero, options.zeroAxes});
      });
}
