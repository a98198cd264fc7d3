//===- PredictTimes.cpp - How long each step takes --------------*- C++ -*-===//

#include "passes/Simulate/Passes.h"
#include "vescale/Simulator/RankProgram.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace vescale;

namespace vescale {
#define GEN_PASS_DEF_PREDICTTIMES
#include "passes/Simulate/Passes.h.inc"
} // namespace vescale

namespace {
struct PredictTimes : vescale::impl::PredictTimesBase<PredictTimes> {
  using PredictTimesBase::PredictTimesBase;

  void runOnOperation() override {
    llvm::Expected<Machine> machine = Machine::read(cluster);
    if (!machine)
      return fail(machine.takeError());
    llvm::Expected<simulator::Prediction> prediction =
        simulator::predictStep(getOperation(), *machine);
    if (!prediction)
      return fail(prediction.takeError());
    Builder builder(&getContext());
    for (const simulator::PredictedStep &step : prediction->steps) {
      if (isa<rank::WaitOp>(step.op))
        continue;
      step.op->setAttr("predicted_us", builder.getStringAttr(text(step.us)));
      step.op->setAttr("predicted_from", builder.getStringAttr(step.why));
    }
    for (auto program : getOperation().getOps<rank::ProgramOp>()) {
      auto set = [&](StringRef name, double us) {
        program->setAttr(name, builder.getStringAttr(text(us)));
      };
      set("predicted_step_us", prediction->stepUs);
      set("predicted_compute_us", prediction->computeUs);
      set("predicted_exposed_us", prediction->exposedUs);
    }
  }

  static std::string text(double us) {
    return llvm::formatv("{0:f3}", us).str();
  }

  void fail(llvm::Error error) {
    getOperation().emitError(llvm::toString(std::move(error)));
    signalPassFailure();
  }
};
} // namespace
