//===- PlanTable.cpp - A plan as people read it -----------------*- C++ -*-===//

#include "tools/vescale-plan/PlanTable.h"
#include "tools/vescale-plan/PlanDocument.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace vescale;
using namespace vescale::planner;
using llvm::formatv;

static std::string milliseconds(double us) {
  return formatv("{0:f2}", us / 1e3).str();
}

static std::string bytesText(int64_t bytes) {
  static const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  return formatv(unit ? "{0:f1} {1}" : "{0:f0} {1}", value, units[unit]).str();
}

/// Its degrees.
static std::string describePoint(const PlanPoint &point) {
  std::string text;
  if (point.pp > 1)
    text += formatv("pp={0}, ", point.pp);
  text += formatv("dp={0}, tp={1}", point.dp, point.tp);
  if (point.chunks > 1)
    text += formatv(", {0} parts a stage (interleaved)", point.chunks);
  return text;
}

/// As describePlan(), as far as a point says it.
static std::string describeTraining(const PlanPoint &point) {
  std::string text =
      describePoint(point) + formatv(", {0} micro-batch{1}", point.microBatches,
                                     point.microBatches > 1 ? "es" : "")
                                 .str();
  if (point.zero > 0)
    text += formatv(", ZeRO-{0}", point.zero);
  return text;
}

std::string vescale::describePlan(const Candidate &plan) {
  std::string text = plan.plan.microBatches ? describeTraining(plan.point)
                                            : describePoint(plan.point);
  if (plan.plan.recompute) {
    const RecomputePlan &recompute = *plan.plan.recompute;
    text +=
        recompute.kind == RecomputePlan::Listed
            ? formatv(", recompute of {0} layers", recompute.names.size()).str()
            : ", recompute " + printRecompute(recompute);
  }
  return text;
}

static void printHeads(llvm::raw_ostream &os) {
  os << formatv("{0,12} {1,10} {2,10} {3,10} {4,10} {5,12}\n", "step ms",
                "compute", "exchanges", "sums", "bubble", "memory");
}

static void printRow(const Candidate &plan, llvm::raw_ostream &os) {
  os << formatv("{0,12} {1,10} {2,10} {3,10} {4,10} {5,12}  {6}\n",
                milliseconds(plan.time.step), milliseconds(plan.time.compute),
                milliseconds(plan.time.exchange), milliseconds(plan.time.sync),
                milliseconds(plan.time.bubble), bytesText(plan.memory.total()),
                describePlan(plan));
}

static void printLayers(const Candidate &plan, llvm::raw_ostream &os) {
  os << "\nlayers\n";
  for (const PlannedLayer &layer : plan.layers) {
    os << "  ";
    if (plan.stages.size() > 1)
      os << "stage " << layer.stage << ": ";
    os << (layer.name.empty() ? "(no module)" : layer.name);
    if (layer.copies > 1)
      os << " and " << layer.copies - 1 << " more";
    if (layer.recompute != "none")
      os << ", recomputed: " << layer.recompute;
    os << formatv(", {0} ms and {1} each\n", milliseconds(layer.time),
                  bytesText(layer.memory));
    for (const PlannedLayer::Tensor &tensor : layer.tensors)
      for (auto [dim, axes] : llvm::enumerate(tensor.dims))
        if (!axes.empty())
          os << "    " << tensor.name << ": " << llvm::join(axes, ", ")
             << " on dimension " << dim << "\n";
  }
}

std::string vescale::reasonOf(const Rejection &rejection,
                              const PlanResult &result) {
  switch (rejection.why) {
  case Rejection::Slower:
    return formatv("at least {0:f1} % longer",
                   100 * (rejection.lowerBound / result.cost - 1));
  case Rejection::TooLarge:
    return rejection.missing > 0
               ? "needs at least " + bytesText(rejection.missing) + " more"
               : "does not fit";
  case Rejection::Indivisible:
    return "cannot share out the batch";
  }
  llvm_unreachable("all reasons are handled");
}

std::string vescale::nearestOf(const Rejection &rejection) {
  if (rejection.why == Rejection::Indivisible)
    return "";
  std::string text = describeTraining(rejection.nearest);
  if (rejection.why == Rejection::Slower && rejection.missing > 0)
    text += "; all else as above needs at least " +
            bytesText(rejection.missing) + " more";
  return text;
}

static void printRejected(const PlanResult &result, llvm::raw_ostream &os) {
  if (result.rejected.empty())
    return;
  os << "\nrejected\n";
  for (const Rejection &rejection : result.rejected)
    os << llvm::StringRef(formatv("  {0,-20} {1,-28} {2}", rejection.decision,
                                  reasonOf(rejection, result),
                                  nearestOf(rejection))
                              .str())
              .rtrim()
       << "\n";
}

void vescale::printPlanTable(const PlanResult &result, llvm::raw_ostream &os) {
  const Candidate *best = result.best();
  if (!best)
    return;
  const PlannedMemory &memory = best->memory;
  os << describePlan(*best) << "\n"
     << formatv("step     {0} ms: compute {1}, exposed exchanges {2}, gradient "
                "sums {3}, bubble {4}\n",
                milliseconds(best->time.step), milliseconds(best->time.compute),
                milliseconds(best->time.exchange),
                milliseconds(best->time.sync), milliseconds(best->time.bubble))
     << formatv("memory   {0} of {1} a rank: parameters {2}, gradients {3}, "
                "optimizer {4}, activations {5}, transient {6}\n",
                bytesText(memory.total()), bytesText(result.memoryLimit),
                bytesText(memory.parameters), bytesText(memory.gradients),
                bytesText(memory.optimizer), bytesText(memory.activations),
                bytesText(memory.transient))
     << formatv(
            "proof    costs {0} ms, none costs less than {1} ms (gap {2:f2} "
            "%); {3} points, {4} ruled out by bounds\n",
            milliseconds(result.cost), milliseconds(result.lowerBound),
            100 * (result.cost / result.lowerBound - 1), result.points,
            result.pruned);
  if (!result.stopped.empty())
    os << "         cut short by the " << result.stopped
       << ": a better plan may exist, as far as the gap says\n";
  os << "hash     " << planHash(best->plan) << "\n";
  printLayers(*best, os);
  os << "\nplans near it\n";
  printHeads(os);
  for (const Candidate &plan : result.candidates)
    printRow(plan, os);
  printRejected(result, os);
}

void vescale::printDifference(const Candidate &one, const Candidate &other,
                              llvm::raw_ostream &os) {
  printHeads(os);
  printRow(one, os);
  printRow(other, os);
  double ratio = other.time.step / one.time.step - 1;
  os << formatv("the second takes {0:f1} % {1} time and {2} {3} a rank\n",
                std::abs(100 * ratio), ratio >= 0 ? "more" : "less",
                bytesText(std::abs(other.memory.total() - one.memory.total())),
                other.memory.total() >= one.memory.total() ? "more" : "less");
}

void vescale::printExplanation(llvm::StringRef name,
                               const Explanation &explanation,
                               int64_t memoryLimit, llvm::raw_ostream &os) {
  os << "\nwhy " << name << " lies " << explanation.layout << "\n";
  const Explanation::Alternative &own = explanation.alternatives.front();
  bool isShort = explanation.withoutLimit != explanation.layout;
  bool isAlone = true;
  for (const Explanation::Alternative &each : explanation.alternatives) {
    os << formatv("  {0,-36}", each.layout);
    if (!each.exists) {
      os << "no plan has it at these degrees\n";
      continue;
    }
    os << formatv("{0,12:f2} ms {1,12}", each.step / 1e3,
                  bytesText(each.memory));
    if (&each == &own) {
      os << "  the plan\n";
      continue;
    }
    os << formatv("  {0:f2} % {1} time",
                  std::abs(100 * (each.step / own.step - 1)),
                  each.step >= own.step ? "more" : "less");
    if (!each.fits)
      os << ", does not fit: " << bytesText(each.memory - memoryLimit)
         << " too much";
    else if (each.step <= own.step * (1 + 1e-6))
      isAlone = false;
    os << "\n";
  }
  if (isShort)
    os << "memory decides: with enough of it " << name << " would lie "
       << explanation.withoutLimit << "\n";
  else if (!isAlone)
    os << "others are as good\n";
  else if (explanation.alternatives.size() == 1)
    os << "the degrees leave nothing to decide\n";
  else
    os << "time decides\n";
}

llvm::json::Object vescale::explanationJson(llvm::StringRef name,
                                            const Explanation &explanation) {
  llvm::json::Array alternatives;
  for (const Explanation::Alternative &each : explanation.alternatives) {
    llvm::json::Object object{{"layout", each.layout}, {"fits", each.fits}};
    if (each.exists) {
      object["step_us"] = each.step;
      object["memory_bytes"] = each.memory;
    }
    alternatives.push_back(std::move(object));
  }
  return llvm::json::Object{{"name", name},
                            {"layout", explanation.layout},
                            {"without_memory_limit", explanation.withoutLimit},
                            {"alternatives", std::move(alternatives)}};
}

static llvm::json::Object candidateJson(const Candidate &plan) {
  const PlanPoint &point = plan.point;
  const PlannedMemory &memory = plan.memory;
  llvm::json::Object object{{"pp", point.pp},
                            {"dp", point.dp},
                            {"tp", point.tp},
                            {"parts", point.chunks},
                            {"micro_batches", point.microBatches},
                            {"zero", point.zero},
                            {"hash", planHash(plan.plan)},
                            {"step_us", plan.time.step},
                            {"cost_us", plan.time.cost},
                            {"compute_us", plan.time.compute},
                            {"exchange_us", plan.time.exchange},
                            {"sync_us", plan.time.sync},
                            {"bubble_us", plan.time.bubble},
                            {"parameter_bytes", memory.parameters},
                            {"gradient_bytes", memory.gradients},
                            {"optimizer_bytes", memory.optimizer},
                            {"activation_bytes", memory.activations},
                            {"transient_bytes", memory.transient}};
  if (plan.plan.recompute)
    object["recompute"] = printRecompute(*plan.plan.recompute);
  return object;
}

static llvm::json::Object rejectionJson(const Rejection &rejection,
                                        const PlanResult &result) {
  llvm::json::Object object{{"decision", rejection.decision},
                            {"reason", reasonOf(rejection, result)}};
  if (rejection.why == Rejection::Slower)
    object["lower_bound_us"] = rejection.lowerBound;
  if (rejection.missing > 0)
    object["missing_bytes"] = rejection.missing;
  if (rejection.why != Rejection::Indivisible)
    object["nearest"] = describeTraining(rejection.nearest);
  return object;
}

llvm::json::Object vescale::planJson(const PlanResult &result) {
  llvm::json::Array plans;
  for (const Candidate &plan : result.candidates)
    plans.push_back(candidateJson(plan));
  llvm::json::Array rejected;
  for (const Rejection &rejection : result.rejected)
    rejected.push_back(rejectionJson(rejection, result));
  return llvm::json::Object{
      {"plans", std::move(plans)},  {"rejected", std::move(rejected)},
      {"cost_us", result.cost},     {"lower_bound_us", result.lowerBound},
      {"stopped", result.stopped},  {"points", result.points},
      {"ruled_out", result.pruned}, {"memory_limit_bytes", result.memoryLimit}};
}
