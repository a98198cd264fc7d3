//===- Search.cpp - The cheapest combination within limits ------*- C++ -*-===//
//
// The largest transient is one of few levels. The search keeps ranges of
// levels: of a range from a to b combinations without a choice above b are
// looked at, in the memory that a leaves; which is what is asked for where the
// range is one level, and else a bound on it. Always the range with the lowest
// bound is next:
//   1. its bound is that of the best multiplier on memory, found by
//      intersecting lines, each the cost and memory of one combination; those
//      that fit are the best known so far;
//   2. a range of several levels is cut in halves;
//   3. a level is searched forward, state by state, with all combinations that
//      no other beats in both cost and memory, less those that bounds exclude.
// The search ends when no bound is below the best known.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Choices/Bounds.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <optional>
#include <queue>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
/// Levels [first, last] of transients.
struct Range {
  size_t first, last;
  double bound, multiplier;
};

/// Cost and memory of a combination: its measure for each multiplier.
struct Line {
  double cost, memory;
  double at(double multiplier) const { return cost + multiplier * memory; }
};

/// A combination of what the steps so far have.
struct Label {
  double cost;
  int64_t memory;
  size_t state;
  uint32_t parent, choice;
};

class Search {
public:
  Search(const ChoiceGraph &graph, const SearchLimits &limits,
         std::vector<Step> steps)
      : graph(graph), limits(limits), steps(std::move(steps)) {}

  Optimum run();

private:
  StepPrices pricesUpTo(int64_t transient) const;
  std::optional<Line> findLeast(const StepPrices &prices, Measure measure);
  std::optional<Range> boundOf(size_t first, size_t last);
  bool searchLevel(const Range &range, size_t most);
  void note(llvm::ArrayRef<unsigned> choices);
  int64_t budgetOf(size_t level) const { return limits.memory - levels[level]; }
  /// What costs as much is no better than the best known.
  double cutoff() const {
    double cost = std::min(best.cost, limits.cost);
    return std::isinf(cost) ? cost : cost - 1e-12 * std::abs(cost);
  }
  int64_t findLeastMemory() const;

  const ChoiceGraph &graph;
  const SearchLimits &limits;
  std::vector<Step> steps;
  std::vector<int64_t> levels;
  Optimum best;
};
} // namespace

/// The prices of combinations without a transient above this.
StepPrices Search::pricesUpTo(int64_t transient) const {
  StepPrices prices;
  for (const Step &step : steps) {
    std::vector<double> &costs = prices.costs.emplace_back();
    std::vector<int64_t> &memory = prices.memory.emplace_back();
    for (const Price &price : graph.getChoices(step.node)) {
      costs.push_back(price.transient > transient ? kInfinity : price.cost);
      memory.push_back(price.memory);
    }
  }
  return prices;
}

/// Takes a combination if it is the best one known.
void Search::note(llvm::ArrayRef<unsigned> choices) {
  Price price = graph.priceOf(choices);
  int64_t memory = price.memory + price.transient;
  if (memory > limits.memory || price.cost >= best.cost ||
      price.cost >= limits.cost)
    return;
  best.cost = price.cost;
  best.memory = memory;
  best.choices.assign(choices.begin(), choices.end());
}

/// The combination that is least in this measure, or nothing if all cost
/// infinitely much.
std::optional<Line> Search::findLeast(const StepPrices &prices,
                                      Measure measure) {
  Completions completions(steps, prices, measure);
  best.work += steps.size();
  if (std::isinf(completions.total()))
    return std::nullopt;
  llvm::SmallVector<unsigned> choices(graph.size());
  for (auto [step, choice] : llvm::zip_equal(steps, completions.trace()))
    choices[step.node] = choice;
  Price price = graph.priceOf(choices);
  note(choices);
  return Line{price.cost, static_cast<double>(price.memory)};
}

/// The range's best bound, or nothing if no combination of it fits.
std::optional<Range> Search::boundOf(size_t first, size_t last) {
  StepPrices prices = pricesUpTo(levels[last]);
  auto budget = static_cast<double>(budgetOf(first));
  std::optional<Line> above = findLeast(prices, {true, 0});
  if (!above)
    return std::nullopt;
  Range range{first, last, above->cost, 0};
  if (above->memory <= budget)
    return range;
  std::optional<Line> within = findLeast(prices, {false, 0});
  if (within->memory > budget)
    return std::nullopt;
  // Where the two lines meet another one may lie below, and takes the place of
  // that of its side.
  while (best.work <= limits.work) {
    double multiplier =
        (within->cost - above->cost) / (above->memory - within->memory);
    std::optional<Line> line = findLeast(prices, {true, multiplier});
    double value = line->at(multiplier), known = above->at(multiplier);
    if (value - multiplier * budget > range.bound) {
      range.bound = value - multiplier * budget;
      range.multiplier = multiplier;
    }
    if (value >= known - 1e-12 * std::abs(known))
      break;
    (line->memory <= budget ? within : above) = line;
  }
  return range;
}

/// Of each state keeps the labels that no other beats in both cost and memory,
/// at most so many; whether these were all.
static bool keepBest(std::vector<Label> &labels, size_t most) {
  llvm::sort(labels, [](const Label &a, const Label &b) {
    return std::tie(a.state, a.cost, a.memory, a.parent, a.choice) <
           std::tie(b.state, b.cost, b.memory, b.parent, b.choice);
  });
  bool isWhole = true;
  size_t kept = 0, ofState = 0;
  for (const Label &label : labels) {
    if (kept == 0 || labels[kept - 1].state != label.state)
      ofState = 0;
    else if (labels[kept - 1].memory <= label.memory)
      continue;
    if (ofState == most) {
      isWhole = false;
      continue;
    }
    ++ofState;
    labels[kept++] = label;
  }
  labels.resize(kept);
  return isWhole;
}

/// Searches the level with at most so many labels for each state; whether it is
/// searched to the end.
bool Search::searchLevel(const Range &range, size_t most) {
  StepPrices prices = pricesUpTo(levels[range.last]);
  int64_t budget = budgetOf(range.first);
  Completions cheapest(steps, prices, {true, 0}),
      weighed(steps, prices, {true, range.multiplier});
  std::vector<int64_t> leastMemory(steps.size() + 1, 0);
  for (size_t at = steps.size(); at-- > 0;)
    leastMemory[at] =
        leastMemory[at + 1] + *llvm::min_element(prices.memory[at]);
  auto excluded = [&](size_t at, size_t state, double cost, int64_t memory) {
    return memory + leastMemory[at] > budget ||
           cost + cheapest.at(at, state) >= cutoff() ||
           cost + range.multiplier * static_cast<double>(memory - budget) +
                   weighed.at(at, state) >=
               cutoff();
  };
  std::vector<std::vector<Label>> labels(steps.size() + 1);
  labels[0].push_back({0, 0, 0, 0, 0});
  bool isWhole = true;
  std::vector<double> sums;
  for (size_t at = 0; at < steps.size(); ++at) {
    const Step &step = steps[at];
    std::vector<Label> &next = labels[at + 1];
    for (size_t from = 0; from < labels[at].size();) {
      size_t state = labels[at][from].state;
      StateWalk walk(step, state);
      sums = prices.costs[at];
      walk.addLinks(sums);
      for (; from < labels[at].size() && labels[at][from].state == state;
           ++from) {
        const Label &label = labels[at][from];
        for (unsigned choice = 0; choice < step.choices; ++choice) {
          double cost = label.cost + sums[choice];
          int64_t memory = label.memory + prices.memory[at][choice];
          size_t after = walk.base() + choice * step.weight;
          if (!excluded(at + 1, after, cost, memory))
            next.push_back(
                {cost, memory, after, static_cast<uint32_t>(from), choice});
        }
      }
    }
    best.work += next.size();
    isWhole &= keepBest(next, most);
    if (best.work > limits.work)
      return false;
  }
  if (labels.back().empty())
    return isWhole;
  // The first one is the cheapest.
  llvm::SmallVector<unsigned> choices(graph.size());
  size_t index = 0;
  for (size_t at = steps.size(); at > 0; --at) {
    choices[steps[at - 1].node] = labels[at][index].choice;
    index = labels[at][index].parent;
  }
  note(choices);
  return isWhole;
}

/// What the smallest combination takes, whatever it costs.
int64_t Search::findLeastMemory() const {
  auto leastUpTo = [&](int64_t transient) {
    return Completions(steps, pricesUpTo(transient), {false, 0}).total();
  };
  double floor = leastUpTo(levels.back()), least = kInfinity;
  for (int64_t level : levels) {
    auto transient = static_cast<double>(level);
    if (floor + transient >= least)
      break;
    least = std::min(least, leastUpTo(level) + transient);
  }
  return std::isinf(least) ? std::numeric_limits<int64_t>::max()
                           : static_cast<int64_t>(least);
}

Optimum Search::run() {
  for (unsigned node = 0; node < graph.size(); ++node)
    for (const Price &price : graph.getChoices(node))
      levels.push_back(price.transient);
  llvm::sort(levels);
  levels.erase(llvm::unique(levels), levels.end());

  auto isLater = [](const Range &a, const Range &b) {
    return std::tie(a.bound, a.first) > std::tie(b.bound, b.first);
  };
  std::priority_queue<Range, std::vector<Range>, decltype(isLater)> open(
      isLater);
  auto add = [&](size_t first, size_t last) {
    if (std::optional<Range> range = boundOf(first, last))
      open.push(*range);
  };
  add(0, levels.size() - 1);
  bool isCut = false;
  double lowest = kInfinity; // of what was cut off
  while (!open.empty() && open.top().bound < cutoff()) {
    Range range = open.top();
    open.pop();
    if (best.work > limits.work) {
      isCut = true;
      lowest = std::min(lowest, range.bound);
      break;
    }
    if (range.first < range.last) {
      size_t middle = range.first + (range.last - range.first) / 2;
      add(range.first, middle);
      add(middle + 1, range.last);
      continue;
    }
    bool isWhole = false;
    for (size_t most = 16; !isWhole && best.work <= limits.work; most *= 16)
      isWhole = searchLevel(range, most);
    if (!isWhole) {
      isCut = true;
      lowest = std::min(lowest, range.bound);
    }
  }
  if (!open.empty())
    lowest = std::min(lowest, open.top().bound);
  best.lowerBound = std::min(lowest, best.cost);
  if (isCut)
    best.status = Optimum::Bounded;
  else if (best.choices.empty()) {
    best.status = Optimum::Infeasible;
    if (std::isinf(limits.cost))
      best.memory = findLeastMemory();
  } else {
    best.status = Optimum::Optimal;
    best.lowerBound = best.cost;
  }
  return best;
}

/// Fixes a node to each of its choices, the one first that costs least with the
/// best of its neighbours.
static Optimum branch(const ChoiceGraph &graph, SearchLimits limits,
                      unsigned node) {
  size_t count = graph.getChoices(node).size();
  std::vector<std::pair<double, unsigned>> turns;
  for (unsigned choice = 0; choice < count; ++choice)
    turns.emplace_back(graph.getChoices(node)[choice].cost, choice);
  for (const ChoiceGraph::Edge &edge : graph.getEdges()) {
    if (edge.u != node && edge.v != node)
      continue;
    size_t columns = graph.getChoices(edge.v).size(),
           others = edge.costs.size() / count;
    for (auto &[cost, choice] : turns) {
      double least = kInfinity;
      for (size_t other = 0; other < others; ++other)
        least = std::min(least,
                         edge.costs[edge.u == node ? choice * columns + other
                                                   : other * columns + choice]);
      cost += least;
    }
  }
  llvm::sort(turns);
  Optimum best;
  double lowerBound = kInfinity;
  bool isCut = false;
  for (auto [cost, choice] : turns) {
    Optimum found = findCheapest(graph.fix(node, choice), limits);
    best.work += found.work;
    limits.work = std::max<int64_t>(0, limits.work - found.work);
    isCut |= found.status == Optimum::Bounded;
    lowerBound = std::min(lowerBound, found.lowerBound);
    if (found.choices.empty()) {
      if (best.choices.empty())
        best.memory = std::min(best.memory, found.memory);
      continue;
    }
    found.choices[node] = choice;
    limits.cost = best.cost = found.cost;
    best.memory = found.memory;
    best.choices = std::move(found.choices);
  }
  best.lowerBound = std::min(lowerBound, best.cost);
  if (isCut)
    best.status = Optimum::Bounded;
  else if (!best.choices.empty())
    best.status = Optimum::Optimal;
  return best;
}

Optimum vescale::planner::findCheapest(const ChoiceGraph &graph,
                                       const SearchLimits &limits) {
  if (graph.size() == 0)
    return {Optimum::Optimal, {}, 0, 0, 0, 0};
  Order order = orderSteps(graph, limits.states);
  if (order.steps.empty())
    return branch(graph, limits, order.widest);
  return Search(graph, limits, std::move(order.steps)).run();
}
