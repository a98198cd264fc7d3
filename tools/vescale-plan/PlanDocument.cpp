//===- PlanDocument.cpp - Plans as a report's document ----------*- C++ -*-===//

#include "tools/vescale-plan/PlanDocument.h"
#include "vescale/Report/PlanReport.h"
#include "vescale/Report/PlanReportParts.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace vescale;
using namespace vescale::planner;
namespace json = llvm::json;

static json::Array meshOf(const Candidate &plan) {
  static const std::map<std::string, std::string> roles = {
      {"pp", "stages"}, {"dp", "samples"}, {"tp", "heads and hidden"}};
  json::Array mesh;
  for (const auto &[axis, size] : plan.plan.mesh)
    mesh.push_back(
        json::Object{{"axis", axis}, {"size", size}, {"role", roles.at(axis)}});
  return mesh;
}

static std::string stageName(const Candidate &plan, size_t stage) {
  return plan.stages.size() > 1 ? "stage " + std::to_string(stage)
                                : "each rank";
}

/// Of each stage, whose ranks are alike.
static json::Array memoryOf(const Candidate &plan, int64_t limit) {
  int64_t ranks = plan.point.dp * plan.point.tp;
  json::Array memory;
  for (auto [number, stage] : llvm::enumerate(plan.stages))
    memory.push_back(
        json::Object{{"name", stageName(plan, number)},
                     {"ranks", ranks},
                     {"limit_bytes", limit},
                     {"parameters_bytes", stage.memory.parameters},
                     {"gradients_bytes", stage.memory.gradients},
                     {"optimizer_bytes", stage.memory.optimizer},
                     {"activations_bytes", stage.memory.activations},
                     {"transient_bytes", stage.memory.transient}});
  return memory;
}

static json::Array layersOf(const Candidate &plan) {
  json::Array layers;
  for (const PlannedLayer &layer : plan.layers) {
    json::Array tensors;
    for (const PlannedLayer::Tensor &tensor : layer.tensors) {
      json::Array dims;
      for (const std::vector<std::string> &axes : tensor.dims)
        dims.push_back(json::Array(axes));
      tensors.push_back(json::Object{{"name", tensor.name},
                                     {"kind", "parameter"},
                                     {"shape", json::Array(tensor.shape)},
                                     {"dims", std::move(dims)}});
    }
    json::Object object{
        {"name", layer.name.empty() ? "(no module)" : layer.name},
        {"type", layer.isLayer ? "layer" : "other"},
        {"count", layer.copies},
        {"time_us", layer.time},
        {"memory_bytes", layer.memory},
        {"sent_bytes", layer.sent},
        {"tensors", std::move(tensors)}};
    if (plan.stages.size() > 1)
      object["stage"] = static_cast<int64_t>(layer.stage);
    layers.push_back(std::move(object));
  }
  return layers;
}

/// What stages hand on, and what the ranks of each exchange among themselves.
static json::Object communicationOf(const Candidate &plan) {
  int64_t stages = plan.stages.size(), ranks = plan.point.dp * plan.point.tp;
  std::map<std::pair<int64_t, int64_t>, int64_t> flows;
  for (const PlannedLayer &layer : plan.layers)
    flows[{layer.stage, layer.stage}] += layer.copies * layer.sent * ranks;
  for (const simulator::Track &track : plan.timeline.tracks) {
    if (!llvm::StringRef(track.name).ends_with(" sends"))
      continue;
    for (const simulator::Event &event : track.events) {
      bool isForward = plan.timeline.nameOf(event) == "send result";
      int64_t to = (track.rank + (isForward ? 1 : stages - 1)) % stages;
      flows[{track.rank, to}] += event.bytes * ranks;
    }
  }
  json::Array groups, bytes;
  for (int64_t stage = 0; stage < stages; ++stage)
    groups.push_back(stageName(plan, stage));
  for (const auto &[flow, size] : flows)
    if (size > 0)
      bytes.push_back(json::Array{flow.first, flow.second, size});
  return json::Object{{"what",
                       "of all ranks of a stage; to itself is what they "
                       "exchange with each other"},
                      {"groups", std::move(groups)},
                      {"bytes", std::move(bytes)}};
}

static json::Object timelineOf(const Candidate &plan) {
  std::vector<ShownRank> shown;
  for (size_t stage = 0; stage < plan.stages.size(); ++stage) {
    ShownRank rank{"rank", std::nullopt, plan.point.dp * plan.point.tp};
    if (plan.stages.size() > 1) {
      rank.name = "stage " + std::to_string(stage);
      rank.stage = static_cast<int64_t>(stage);
    }
    shown.push_back(std::move(rank));
  }
  return timelineReport(plan.timeline, shown);
}

static json::Object planOf(const Candidate &plan, const PlanResult &result) {
  const PlanPoint &point = plan.point;
  json::Object object{
      {"title", describePlan(plan)},
      {"hash", planHash(plan.plan)},
      {"mesh", meshOf(plan)},
      {"step", json::Object{{"total_us", plan.time.step},
                            {"compute_us", plan.time.compute},
                            {"exposed_us", plan.time.exchange + plan.time.sync},
                            {"bubble_us", plan.time.bubble}}},
      {"memory", memoryOf(plan, result.memoryLimit)},
      {"layers", layersOf(plan)},
      {"timeline", timelineOf(plan)},
      {"communication", communicationOf(plan)}};
  if (point.pp > 1) {
    json::Object pipeline{
        {"axis", "pp"},
        {"schedule", point.chunks > 1 ? "interleaved" : "1f1b"}};
    if (point.chunks > 1)
      pipeline["interleave"] = point.chunks;
    object["pipeline"] = std::move(pipeline);
  }
  if (plan.plan.microBatches)
    object["micro_batches"] = *plan.plan.microBatches;
  if (plan.plan.storage) {
    object["zero"] = plan.plan.storage->zero;
    object["zero_axes"] = json::Array(plan.plan.storage->axes);
  }
  if (plan.plan.recompute)
    object["recompute"] = printRecompute(*plan.plan.recompute);
  return object;
}

static int64_t parametersOf(const Candidate &plan) {
  int64_t parameters = 0;
  for (const PlannedLayer &layer : plan.layers)
    for (const PlannedLayer::Tensor &tensor : layer.tensors)
      parameters += layer.copies *
                    std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                    int64_t(1), std::multiplies<>());
  return parameters;
}

static json::Array rejectedOf(const PlanResult &result) {
  json::Array rejected;
  for (const Rejection &rejection : result.rejected) {
    std::string reason = reasonOf(rejection, result);
    if (std::string nearest = nearestOf(rejection); !nearest.empty())
      reason += "; nearest: " + nearest;
    json::Object numbers;
    if (rejection.why == Rejection::Slower)
      numbers["takes_at_least_us"] = rejection.lowerBound;
    if (rejection.missing > 0)
      numbers["missing_bytes"] = rejection.missing;
    rejected.push_back(json::Object{{"what", rejection.decision},
                                    {"reason", std::move(reason)},
                                    {"numbers", std::move(numbers)}});
  }
  return rejected;
}

json::Object vescale::planDocument(llvm::StringRef model,
                                   const PlanResult &result,
                                   const Machine &machine) {
  json::Array plans;
  for (const Candidate &plan : result.candidates)
    plans.push_back(planOf(plan, result));
  json::Object certificate{{"cost_us", result.cost},
                           {"lower_bound_us", result.lowerBound},
                           {"gap", result.cost / result.lowerBound - 1},
                           {"searched", result.points - result.pruned},
                           {"pruned", result.pruned}};
  if (!result.stopped.empty())
    certificate["stopped"] = result.stopped;
  (*plans.front().getAsObject())["certificate"] = std::move(certificate);
  return json::Object{
      {"schema", kPlanReportSchema},
      {"model", json::Object{{"name", model},
                             {"parameters", parametersOf(*result.best())}}},
      {"cluster", clusterReport(machine)},
      {"plans", std::move(plans)},
      {"rejected", rejectedOf(result)}};
}
