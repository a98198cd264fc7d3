//===- Search.cpp - The best layout of a model on a machine -----*- C++ -*-===//
//
// Terms. A *point* is a choice of degrees: pipeline stages, data and tensor
// parallelism, micro-batches, ZeRO. Its *cost* is the step's time by
// simulator::estimateStep().
//
// 1. The chain of the model's layers is priced: each layer's least time bounds
//    the stages' times.
// 2. searchPipelines() finds the points and splits with the least cost; it asks
//    for the times of stages within the memory, which are the chain's.
// 3. Those near the best are simulated, and the quickest is taken.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/PlanWriter.h"
#include "lib/Planner/Model/PointSolver.h"
#include "lib/Planner/Model/Rejected.h"
#include "vescale/Planner/PipelineSearch.h"
#include "vescale/Simulator/Pipeline.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"
#include <chrono>

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;

static std::vector<int64_t> divisorsOf(int64_t number) {
  std::vector<int64_t> result;
  for (int64_t each = 1; each * each <= number; ++each)
    if (number % each == 0) {
      result.push_back(each);
      if (each * each != number)
        result.push_back(number / each);
    }
  llvm::sort(result);
  return result;
}

namespace {
class Search {
public:
  Search(func::FuncOp forward, const Machine &machine,
         const PlanRequest &request)
      : space(forward, machine, request), request(request), pins(request.pins) {
  }

  FailureOr<PlanResult> run() {
    if (mlir::failed(readPinnedMesh(space.program.function(), pins)))
      return failure();
    result.memoryLimit = space.memoryLimit();
    for (const PlanPoint &point : points()) {
      if (space.units() >= point.pp * point.chunks)
        solvers.push_back(std::make_unique<PointSolver>(space, point));
      if (space.failed())
        return failure();
    }
    result.points = static_cast<int64_t>(solvers.size());
    PipelineSearch found = search(&PointSolver::timeOf, request.within, 1);
    if (!found.isComplete)
      result.stopped =
          request.workLimit && found.timesAsked >= size_t(request.workLimit)
              ? "work limit"
              : "time limit";
    result.pruned = static_cast<int64_t>(found.pruned);
    result.solved = static_cast<int64_t>(found.timesAsked);
    for (const PipelineChoice &choice : found.choices)
      result.candidates.push_back(solvers[choice.candidate]->finish(choice));
    if (space.failed())
      return failure();
    if (found.choices.empty()) {
      // Of a search that was cut short nothing is said of memory.
      if (result.stopped.empty() && mlir::failed(findSmallest()))
        return failure();
      return std::move(result);
    }
    result.cost = found.choices.front().time;
    // As much again as half of what the first search may take.
    result.lowerBound = search(&PointSolver::lowerTimeOf, 0, 1.5).lowerBound;
    takeQuickest();
    if (request.findsRejected)
      result.rejected = findRejected(space, solvers, found.bounds, result);
    return std::move(result);
  }

private:
  using StageTimeOf = double (PointSolver::*)(unsigned stage, unsigned begin,
                                              unsigned end);

  /// Within the limits, of time so many times as much since the beginning.
  PipelineSearch search(StageTimeOf timeOf, double within, double times) {
    std::vector<PipelineCandidate> candidates;
    for (const std::unique_ptr<PointSolver> &each : solvers) {
      PointSolver *solver = each.get();
      auto by = [=](StageTimeOf times) {
        return [=](unsigned stage, unsigned begin, unsigned end) {
          return (solver->*times)(stage, begin, end);
        };
      };
      const PlanPoint &point = solver->getPoint();
      candidates.push_back(
          {static_cast<unsigned>(point.pp),
           StepForm(point.microBatches, point.chunks),
           0,
           {[=](unsigned stage, unsigned begin, unsigned end) {
              return solver->boundByWork(stage, begin, end);
            },
            by(&PointSolver::boundByTime), by(&PointSolver::boundByMemory)},
           by(timeOf),
           space.alike(),
           leastOf(*solver)});
    }
    PipelineLimits limits;
    limits.within = within;
    if (request.workLimit > 0)
      limits.times = request.workLimit;
    if (request.timeLimitSeconds > 0)
      limits.shouldStop = [this, times] {
        std::chrono::duration<double> spent = Clock::now() - begin;
        return spent.count() > times * request.timeLimitSeconds;
      };
    return searchPipelines(space.units(), candidates, limits);
  }

  /// The least of a step by work alone, the same for many points.
  double leastOf(const PointSolver &solver) {
    const PlanPoint &point = solver.getPoint();
    auto [place, isNew] = leastSteps.try_emplace(
        {point.pp, point.dp, point.tp, point.microBatches, point.chunks});
    if (!isNew)
      return place->second;
    std::optional<StageSplit> split = splitStages(
        space.units(), static_cast<unsigned>(point.pp),
        StepForm(point.microBatches, point.chunks),
        [&](unsigned stage, unsigned begin, unsigned end) {
          return solver.boundByWork(stage, begin, end);
        },
        space.alike());
    // None if no plan has the layouts that were decided.
    place->second =
        split ? split->time : std::numeric_limits<double>::infinity();
    return place->second;
  }

  /// The quickest by simulation, of those whose costs are within 1 % of the
  /// least.
  void takeQuickest() {
    constexpr double near = 1.01;
    double least = result.candidates.front().time.cost;
    auto key = [&](const Candidate &each) {
      bool isNear = each.time.cost <= near * least;
      return std::tuple(!isNear, isNear ? each.time.step : each.time.cost,
                        each.point.key());
    };
    llvm::sort(result.candidates, [&](const Candidate &a, const Candidate &b) {
      return key(a) < key(b);
    });
  }

  static bool allows(const std::optional<int64_t> &pin, int64_t value) {
    return !pin || *pin == value;
  }

  SmallVector<RecomputePlan::Kind> recomputations() const {
    if (!request.training)
      return {RecomputePlan::None};
    if (pins.recompute)
      return {*pins.recompute};
    return {RecomputePlan::Selective, RecomputePlan::Listed};
  }

  /// Numbers of stages, and tensor and data parallel degrees. Where devices may
  /// idle more devices have all that fewer have.
  std::vector<std::array<int64_t, 3>> degrees() const {
    std::vector<std::array<int64_t, 3>> found;
    int64_t devices = request.devices;
    if (!request.mayIdle) {
      for (int64_t pp : divisorsOf(devices))
        for (int64_t tp : divisorsOf(devices / pp))
          found.push_back({pp, tp, devices / pp / tp});
      return found;
    }
    constexpr int64_t mostTensor = 64;
    int64_t mostStages = std::max(request.mostStages, pins.pp.value_or(1));
    for (int64_t pp = 1; pp <= std::min(devices, mostStages); ++pp)
      for (int64_t tp = 1; tp <= std::min(devices / pp, mostTensor); ++tp)
        for (int64_t dp : divisorsOf(space.batch()))
          if (pp * tp * dp <= devices)
            found.push_back({pp, tp, dp});
    return found;
  }

  std::vector<PlanPoint> points() const {
    std::vector<PlanPoint> points;
    int64_t batch = space.batch();
    for (auto [pp, tp, dp] : degrees()) {
      if (!allows(pins.pp, pp) || !allows(pins.tp, tp) ||
          !allows(pins.dp, dp) || batch % dp ||
          (!pins.pp && pp > request.mostStages))
        continue;
      for (int64_t micro : divisorsOf(request.splitsBatch ? batch / dp : 1))
        for (int64_t zero : {0, 1, 2, 3})
          for (int64_t chunks : {1, 2, 3, 4, 6, 8})
            if (allows(pins.microBatches, micro) && allows(pins.zero, zero) &&
                (zero == 0 || (request.training && dp > 1)) &&
                (zero != 2 || micro > 1) &&
                (chunks == 1 || (pp > 1 && micro >= pp)))
              for (RecomputePlan::Kind recompute : recomputations())
                points.push_back({pp, dp, tp, micro, zero, chunks, recompute});
    }
    return points;
  }

  /// Of each number of stages and each degree the point that needs the least.
  LogicalResult findSmallest() {
    for (const std::unique_ptr<PointSolver> &solver : solvers)
      if (std::optional<Candidate> smallest = solver->smallest())
        result.tooLarge.push_back(std::move(*smallest));
    if (result.tooLarge.empty() && !solvers.empty())
      return explainPins(space.program, solvers.back()->mesh());
    llvm::sort(result.tooLarge, [](const Candidate &a, const Candidate &b) {
      return std::pair(a.memory.total(), a.point.key()) <
             std::pair(b.memory.total(), b.point.key());
    });
    return success();
  }

  using Clock = std::chrono::steady_clock;

  Clock::time_point begin = Clock::now();
  SearchSpace space;
  const PlanRequest &request;
  PlanPins pins; // the request's, and those in the program
  std::vector<std::unique_ptr<PointSolver>> solvers;
  std::map<std::array<int64_t, 5>, double> leastSteps;
  PlanResult result;
};
} // namespace

std::string vescale::planner::planHash(const PlanFile &plan) {
  return llvm::utohexstr(llvm::xxh3_64bits(printPlan(plan)),
                         /*LowerCase=*/true, /*Width=*/16);
}

FailureOr<PlanResult> vescale::planner::makePlan(func::FuncOp forward,
                                                 const Machine &machine,
                                                 const PlanRequest &request) {
  return Search(forward, machine, request).run();
}
