//===- Document.cpp - The fields of a plan report ---------------*- C++ -*-===//
//
// docs/Reference/plan-report.md says what they mean.
//
//===----------------------------------------------------------------------===//

#include "lib/Report/Plan/Document.h"
#include "vescale/Report/PlanReport.h"

using namespace llvm;
using namespace vescale;
using namespace vescale::shape;

// Integers are exact in the page's arithmetic.
static constexpr int64_t kMost = int64_t(1) << 53;

static Check count() { return integer(0, kMost); }
static Check positive() { return integer(1, kMost); }
static constexpr auto Optional = Field::Optional;

static Check model() {
  return object({{"name", text()},
                 {"parameters", count(), Optional},
                 {"tokens_per_step", count(), Optional}});
}

static Check cluster() {
  Check device = object({{"name", text()},
                         {"memory_bytes", count()},
                         {"peak_flops", map(number()), Optional}});
  Check level = object({{"name", text()},
                        {"devices", positive()},
                        {"latency_us", number()},
                        {"bandwidth_bytes_per_s", number()},
                        {"shared_by", positive(), Optional}});
  return object({{"name", text()},
                 {"devices", positive()},
                 {"device", device},
                 {"levels", list(level, 1)}});
}

static Check rankMemory() {
  Check part = object({{"kind", word({"parameters", "gradients", "optimizer",
                                      "activations", "transient"})},
                       {"name", text()},
                       {"bytes", count()}});
  return object({{"name", text()},
                 {"ranks", positive(), Optional},
                 {"limit_bytes", positive()},
                 {"parameters_bytes", count()},
                 {"gradients_bytes", count()},
                 {"optimizer_bytes", count()},
                 {"activations_bytes", count()},
                 {"transient_bytes", count()},
                 {"parts", list(part), Optional}});
}

static Check certificate() {
  return object({{"cost_us", number()},
                 {"lower_bound_us", number()},
                 {"gap", number()},
                 {"searched", count()},
                 {"pruned", count()},
                 {"binding", text(), Optional},
                 {"stopped", text(), Optional}});
}

static Check layer() {
  Check tensor =
      object({{"name", text()},
              {"kind", word({"parameter", "input", "activation", "output"})},
              {"shape", list(count())},
              {"dims", list(list(text()))},
              {"partial", map(word({"sum", "max", "min"})), Optional}});
  return object({{"name", text()},
                 {"type", text()},
                 {"count", positive()},
                 {"stage", count(), Optional},
                 {"time_us", number()},
                 {"memory_bytes", count()},
                 {"sent_bytes", count()},
                 {"tensors", list(tensor)}});
}

static Check timeline() {
  // Name, kind, start, duration, micro-batch or -1, bytes.
  Check event = tuple(
      {count(), count(), number(), number(), integer(-1, kMost), count()}, 2);
  Check track = object({{"name", text()}, {"events", list(event)}});
  Check rank = object({{"name", text()},
                       {"stage", integer(0, 1 << 20), Optional},
                       {"ranks", positive(), Optional},
                       {"tracks", list(track)},
                       {"memory", list(tuple({number(), count()})), Optional}});
  return object(
      {{"kinds", list(word({"forward", "backward", "recompute", "update",
                            "work", "collective", "transfer", "wait"}))},
       {"names", list(text())},
       {"ranks", list(rank, 1)}});
}

static Check communication() {
  return object({{"what", text(), Optional},
                 {"groups", list(text(), 1)},
                 {"bytes", list(tuple({count(), count(), count()}))}});
}

static Check plan() {
  Check axis = object(
      {{"axis", text()}, {"size", positive()}, {"role", text(), Optional}});
  Check pipeline = object({{"axis", text()},
                           {"schedule", word({"gpipe", "1f1b", "interleaved"})},
                           {"interleave", positive(), Optional}});
  Check step = object({{"total_us", number()},
                       {"compute_us", number()},
                       {"exposed_us", number()},
                       {"bubble_us", number()},
                       {"mfu", number(), Optional}});
  return object({{"title", text()},
                 {"hash", text(), Optional},
                 {"mesh", list(axis)},
                 {"pipeline", pipeline, Optional},
                 {"micro_batches", positive(), Optional},
                 {"zero", integer(0, 3), Optional},
                 {"zero_axes", list(text()), Optional},
                 {"recompute", text(), Optional},
                 {"sequence", word({"megatron", "ulysses"}), Optional},
                 {"step", step},
                 {"memory", list(rankMemory(), 1)},
                 {"certificate", certificate(), Optional},
                 {"layers", list(layer()), Optional},
                 {"timeline", timeline(), Optional},
                 {"communication", communication(), Optional}});
}

static Check measured() {
  Check step = object({{"total_us", number()},
                       {"compute_us", number(), Optional},
                       {"exposed_us", number(), Optional},
                       {"bubble_us", number(), Optional}});
  return object({{"what", text()},
                 {"plan", count()},
                 {"step", step},
                 {"memory_bytes", count(), Optional},
                 {"timeline", timeline(), Optional}});
}

Check vescale::planReportShape() {
  Check rejection = object({{"what", text()},
                            {"reason", text()},
                            {"numbers", map(number()), Optional}});
  return object({{"schema", word({kPlanReportSchema})},
                 {"vescale", text(), Optional},
                 {"model", model()},
                 {"cluster", cluster()},
                 {"plans", list(plan(), 1)},
                 {"rejected", list(rejection), Optional},
                 {"measured", measured(), Optional}});
}
