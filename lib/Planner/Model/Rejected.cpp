//===- Rejected.cpp - Why a plan decides no other way -----------*- C++ -*-===//
//
// Terms. A *decision* is one value of one degree, or of ZeRO or recomputation.
// It is *next to* the best plan's if that has another, of degrees one of the
// two next larger or smaller ones.
//
// Of a decision's points the one with the lowest bound is looked at next:
// whether any split of its layers fits, and how long it takes at least. When
// that with the lowest bound has been looked at, no plan with this decision
// takes less.
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Model/Rejected.h"
#include <set>

using namespace vescale;
using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Bytes where no plan has the layouts that were decided.
static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
/// How many points of a decision are looked at. The bound holds if there are
/// more.
static constexpr unsigned kMostLooks = 32;

namespace {
class Rejections {
public:
  Rejections(const SearchSpace &space,
             llvm::ArrayRef<std::unique_ptr<PointSolver>> solvers,
             llvm::ArrayRef<double> bounds, const PlanResult &result)
      : space(space), solvers(solvers), bounds(bounds), result(result),
        best(result.best()->point) {}

  std::vector<Rejection> run() {
    addDataParallel();
    addDegree("pp", &PlanPoint::pp, 2);
    addDegree("tp", &PlanPoint::tp, 2);
    addDegree("micro-batches", &PlanPoint::microBatches, 1);
    for (int64_t zero : {0, 1, 2, 3}) {
      PlanPoint same = best;
      same.zero = zero;
      add("ZeRO-" + std::to_string(zero), same,
          [=](const PlanPoint &point) { return point.zero == zero; });
    }
    addRecompute("recompute selective", RecomputePlan::Selective);
    addRecompute("recompute by layer", RecomputePlan::Listed);
    return std::move(rejected);
  }

private:
  using Has = llvm::function_ref<bool(const PlanPoint &)>;

  void addDegree(const std::string &name, int64_t PlanPoint::*degree,
                 size_t most) {
    std::set<int64_t> values;
    for (const std::unique_ptr<PointSolver> &solver : solvers)
      values.insert(solver->getPoint().*degree);
    auto mine = values.find(best.*degree);
    auto at = static_cast<size_t>(std::distance(values.begin(), mine));
    for (auto [place, value] : llvm::enumerate(values)) {
      if (place + most < at || place > at + most)
        continue;
      PlanPoint same = best;
      same.*degree = value;
      add(name + "=" + std::to_string(value), same,
          [&, value = value](const PlanPoint &point) {
            return point.*degree == value;
          });
    }
  }

  void addRecompute(const std::string &name, RecomputePlan::Kind kind) {
    PlanPoint same = best;
    same.recompute = kind;
    add(name, same,
        [=](const PlanPoint &point) { return point.recompute == kind; });
  }

  void addDataParallel() {
    const PlanPins &pins = space.request.pins;
    auto isOne = [](const std::optional<int64_t> &pin) {
      return !pin || *pin == 1;
    };
    int64_t devices = space.request.devices;
    if (devices == 1 || !isOne(pins.pp) || !isOne(pins.tp) ||
        (pins.dp && *pins.dp != devices))
      return;
    std::string decision = "dp=" + std::to_string(devices);
    if (space.batch() % devices) {
      Rejection rejection;
      rejection.decision = decision;
      rejection.why = Rejection::Indivisible;
      rejected.push_back(rejection);
      return;
    }
    PlanPoint same = best;
    same.pp = same.tp = 1;
    add(decision, same,
        [](const PlanPoint &point) { return point.pp == 1 && point.tp == 1; });
  }

  /// How many bytes the best plan lacks with a decision changed, `dp` aside,
  /// which follows; 0 if it has enough, or there is no such plan.
  int64_t missingWith(const PlanPoint &same) const {
    auto key = [](const PlanPoint &point) {
      return std::tuple(point.pp, point.tp, point.microBatches, point.zero,
                        point.chunks, point.recompute);
    };
    for (const std::unique_ptr<PointSolver> &solver : solvers)
      if (key(solver->getPoint()) == key(same)) {
        int64_t needs = solver->leastBytes();
        return needs < kNone ? std::max<int64_t>(needs - space.memoryLimit(), 0)
                             : 0;
      }
    return 0;
  }

  void add(const std::string &decision, const PlanPoint &same, Has has) {
    if (llvm::any_of(result.candidates, [&](const Candidate &candidate) {
          return has(candidate.point);
        }))
      return;
    std::set<std::pair<double, size_t>> open; // by bound
    for (auto [number, solver] : llvm::enumerate(solvers))
      if (has(solver->getPoint()))
        open.insert({bounds[number], number});
    if (open.empty())
      return;
    Rejection rejection;
    rejection.decision = decision;
    int64_t least = kNone;
    std::set<size_t> seen;
    while (!open.empty() && seen.size() < kMostLooks) {
      auto [bound, number] = *open.begin();
      PointSolver &solver = *solvers[number];
      if (!seen.insert(number).second)
        break;
      open.erase(open.begin());
      int64_t needs = solver.leastBytes();
      if (needs > space.memoryLimit()) {
        if (needs < least)
          rejection.nearest = solver.getPoint();
        least = std::min(least, needs);
      } else {
        open.insert({std::max(bound, solver.leastStep()), number});
      }
    }
    if (open.empty()) {
      if (least == kNone) // other decisions rule it out
        return;
      rejection.why = Rejection::TooLarge;
      rejection.missing = least - space.memoryLimit();
    } else {
      auto [bound, number] = *open.begin();
      // Cut short, the search may not have come so far.
      if (bound <= result.cost)
        return;
      rejection.nearest = solvers[number]->getPoint();
      if (bound < kInfinity) {
        rejection.lowerBound = bound;
        rejection.missing = missingWith(same);
      } else {
        rejection.why = Rejection::TooLarge; // by what one op needs
      }
    }
    rejected.push_back(std::move(rejection));
  }

  const SearchSpace &space;
  llvm::ArrayRef<std::unique_ptr<PointSolver>> solvers;
  llvm::ArrayRef<double> bounds;
  const PlanResult &result;
  const PlanPoint &best;
  std::vector<Rejection> rejected;
};
} // namespace

std::vector<Rejection> vescale::planner::findRejected(
    const SearchSpace &space,
    llvm::ArrayRef<std::unique_ptr<PointSolver>> solvers,
    llvm::ArrayRef<double> bounds, const PlanResult &result) {
  return Rejections(space, solvers, bounds, result).run();
}
