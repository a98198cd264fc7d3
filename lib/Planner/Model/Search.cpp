//===- Search.cpp - The best layout of a model on a machine -----*- C++ -*-===//
//
// Terms. A *point* is a choice of degrees: data and tensor parallelism,
// micro-batches, ZeRO.
//
// 1. For each point the chain of segments is priced, and solved without a limit
//    on memory: a lower bound on its time.
// 2. Points are solved within the memory, that with the lowest bound first,
//    until no bound is below the best plan.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Model/Chain.h"
#include "lib/Planner/Model/PlanWriter.h"
#include "vescale/Planner/Planner.h"
#include <map>

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;

namespace {
class Search {
public:
  Search(func::FuncOp forward, const Machine &machine,
         const PlanRequest &request)
      : program(forward), machine(machine), request(request),
        derivatives(forward.getContext()), context(forward.getContext()),
        limit(request.memoryBytes ? request.memoryBytes
                                  : machine.device.memoryBytes) {}

  PlanResult run() {
    for (const PlanPoint &point : points())
      open.push_back(bound(point));
    result.points = static_cast<int64_t>(open.size());
    result.memoryLimit = limit;
    llvm::sort(open, [](const Open &a, const Open &b) {
      return std::pair(a.bound, a.point.key()) <
             std::pair(b.bound, b.point.key());
    });
    double best = std::numeric_limits<double>::infinity();
    result.lowerBound = best;
    for (const Open &each : open) {
      if (each.bound >= best) {
        ++result.pruned;
        result.lowerBound = std::min(result.lowerBound, each.bound);
        continue;
      }
      Candidate candidate = solve(each.point);
      if (candidate.fits)
        best = std::min(best, candidate.time.step);
      result.lowerBound = std::min(result.lowerBound, candidate.lowerBound);
      result.candidates.push_back(std::move(candidate));
    }
    result.lowerBound = std::min(result.lowerBound, best);
    llvm::sort(result.candidates,
                      [](const Candidate &a, const Candidate &b) {
                        return std::tuple(!a.fits, a.time.step,
                                          a.point.key()) <
                               std::tuple(!b.fits, b.time.step,
                                          b.point.key());
                      });
    return std::move(result);
  }

private:
  struct Open {
    PlanPoint point;
    double bound;
  };

  static bool allows(const std::optional<int64_t> &pin, int64_t value) {
    return !pin || *pin == value;
  }

  static std::vector<int64_t> divisors(int64_t number) {
    std::vector<int64_t> result;
    for (int64_t each = 1; each <= number; ++each)
      if (number % each == 0)
        result.push_back(each);
    return result;
  }

  std::vector<PlanPoint> points() const {
    std::vector<PlanPoint> result;
    int64_t batch = program.samples().getBatch();
    const PlanPins &pins = request.pins;
    for (int64_t tp : divisors(request.devices)) {
      int64_t dp = request.devices / tp;
      if (!allows(pins.tp, tp) || !allows(pins.dp, dp) || batch % dp)
        continue;
      for (int64_t micro : divisors(request.splitsBatch ? batch / dp : 1))
        for (int64_t zero : {0, 1, 2, 3})
          if (allows(pins.microBatches, micro) && allows(pins.zero, zero) &&
              (zero == 0 || (request.training && dp > 1)) &&
              (zero != 2 || micro > 1))
            result.push_back({dp, tp, micro, zero});
    }
    return result;
  }

  std::vector<Recompute> modes() const {
    if (!request.training)
      return {Recompute::None};
    if (request.pins.recompute)
      switch (*request.pins.recompute) {
      case RecomputePlan::None:
      case RecomputePlan::Listed:
        return {Recompute::None};
      case RecomputePlan::Selective:
        return {Recompute::Selective};
      case RecomputePlan::Full:
        return {Recompute::Full};
      }
    return {Recompute::None, Recompute::Selective, Recompute::Full};
  }

  /// A mesh and its priced chain, for all points that differ in ZeRO alone.
  struct Laid {
    StageMesh mesh;
    std::unique_ptr<Chain> chain;
  };

  const Laid &layOut(const PlanPoint &point) {
    std::tuple key(point.dp, point.tp, point.microBatches);
    auto place = laid.find(key);
    if (place == laid.end()) {
      StageMesh mesh(context, point.microBatches, point.dp, point.tp);
      auto chain = std::make_unique<Chain>(makeChain(mesh));
      place = laid.try_emplace(key, Laid{mesh, std::move(chain)}).first;
    }
    return place->second;
  }

  Chain makeChain(const StageMesh &mesh) {
    std::optional<TrainingCosts> training;
    if (request.training)
      training = TrainingCosts{request.training->stateBytes,
                               request.training->gradientBytes};
    SegmentBuilder builder(program, machine, mesh, derivatives, training);
    std::vector<SegmentGraph> links;
    std::vector<unsigned> units;
    for (const Segment &segment : program.segments()) {
      units.insert(units.end(), segment.copies, links.size());
      links.push_back(builder.build(segment));
    }
    return Chain(std::move(links), std::move(units), modes());
  }

  Counting counting(const PlanPoint &point, double exposed) const {
    Counting counting;
    counting.microBatches = point.microBatches;
    counting.dp = point.dp;
    counting.zero = point.zero;
    counting.exposed = exposed;
    return counting;
  }

  /// What of a step's sums and gathers of parameters shows: they go on beside
  /// the backward work of the last micro-batch, or beside all work where they
  /// are made for each micro-batch, as far as they leave the cores free.
  double exposedSync(const PlanPoint &point, const Parts &total) const {
    double beside = point.zero >= 3 ? total.forward + total.backward
                                    : total.backward;
    if (point.zero >= 2)
      beside *= static_cast<double>(point.microBatches);
    double sync = counting(point, 1).sync(total);
    return std::max(machine.overlap.coreShare * sync, sync - beside);
  }

  Open bound(const PlanPoint &point) {
    const Chain &chain = *layOut(point).chain;
    constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();
    Counting counts = counting(point, machine.overlap.coreShare);
    return {point, chain.solve(0, chain.size(), counts, unlimited).time};
  }

  Candidate solve(const PlanPoint &point) {
    const Laid &laidOut = layOut(point);
    const Chain &chain = *laidOut.chain;
    // Once as if work hid all that it can, once as if it hid nothing.
    Counting counts = counting(point, machine.overlap.coreShare);
    ChainPlan plan = chain.solve(0, chain.size(), counts, limit);
    double lowerBound = plan.lowerBound;
    auto stepOf = [&](const ChainPlan &each) {
      return counting(point, 0).time(each.total) +
             exposedSync(point, each.total);
    };
    if (plan.fits && stepOf(plan) > plan.time) {
      ChainPlan other =
          chain.solve(0, chain.size(), counting(point, 1), limit);
      if (other.fits && stepOf(other) < stepOf(plan))
        plan = std::move(other);
    }
    Candidate candidate;
    candidate.point = point;
    candidate.fits = plan.fits;
    candidate.lowerBound = lowerBound;
    auto batches = static_cast<double>(point.microBatches);
    const Parts &total = plan.total;
    candidate.time.step = stepOf(plan);
    candidate.time.compute =
        batches * (total.forward + total.backward) + counts.update(total);
    candidate.time.exchange = batches * total.exchange;
    candidate.time.exposedSync = exposedSync(point, total);
    candidate.memory = {counts.parameters(total), counts.gradients(total),
                        counts.state(total), counts.inFlight * total.saved,
                        total.transient};
    if (!plan.fits) {
      candidate.reason = "needs " + std::to_string(plan.bytes) +
                         " bytes at least, of " + std::to_string(limit);
      return candidate;
    }
    candidate.plan.mesh = {{"dp", point.dp}, {"tp", point.tp}};
    if (request.training) {
      candidate.plan.storage = StoragePlan{point.zero, {"dp"}};
      candidate.plan.microBatches = point.microBatches;
    }
    writePlan(program, chain, plan, laidOut.mesh, candidate);
    return candidate;
  }

  Program program;
  const Machine &machine;
  const PlanRequest &request;
  Derivatives derivatives;
  MLIRContext *context;
  int64_t limit;
  std::map<std::tuple<int64_t, int64_t, int64_t>, Laid> laid;
  std::vector<Open> open;
  PlanResult result;
};
} // namespace

FailureOr<PlanResult> vescale::planner::makePlan(func::FuncOp forward,
                                                 const Machine &machine,
                                                 const PlanRequest &request) {
  return Search(forward, machine, request).run();
}
