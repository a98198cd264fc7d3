//===- Chain.cpp - The cheapest choices along a chain of segments ---------===//

#include "lib/Planner/Model/Chain.h"
#include "lib/Planner/Choices/Bounds.h"
#include "llvm/ADT/STLExtras.h"

using namespace vescale;
using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

double Counting::time(const Parts &parts) const {
  return static_cast<double>(microBatches) *
             (parts.forward + parts.backward + parts.exchange) +
         exposed * parts.sync + parts.update;
}

int64_t Counting::bytes(const Parts &parts) const {
  return parts.parameters + parts.gradients + parts.state +
         inFlight * parts.saved;
}

/// What a node takes if its unit is recomputed. What stands at the unit's
/// beginning is kept in any case.
static Parts recomputed(Parts parts, Recompute mode, bool isIn) {
  if (mode == Recompute::Selective) {
    parts.saved = parts.savedHeavy;
    parts.backward += parts.light;
  } else if (mode == Recompute::Full) {
    if (!isIn) {
      parts.transient += parts.saved;
      parts.saved = 0;
    }
    parts.backward += parts.forward;
  }
  return parts;
}

/// How often the exchanges of the forward program are made.
static double forwardTimes(Recompute mode) {
  return mode == Recompute::Full ? 2 : 1;
}

Chain::Chain(std::vector<SegmentGraph> links, std::vector<unsigned> units,
             std::vector<Recompute> modes)
    : links(std::move(links)), units(std::move(units)),
      modes(std::move(modes)) {
  isLayer.assign(this->links.size(), false);
  std::vector<unsigned> copies(this->links.size());
  for (unsigned link : this->units)
    isLayer[link] = ++copies[link] > 1;
}

namespace {
/// A link at a price: the cheapest choices inside for each pair at its ends.
class PricedLink {
public:
  PricedLink(const SegmentGraph &graph, Recompute mode,
             const Counting &counting, double multiplier)
      : graph(graph) {
    StepPrices prices;
    ChoiceGraph choices;
    for (auto [number, node] : llvm::enumerate(graph.nodes)) {
      llvm::SmallVector<Price> list;
      for (const Parts &each : node.choices) {
        Parts parts =
            recomputed(each, mode, static_cast<int>(number) == graph.in);
        double bytes = static_cast<double>(counting.bytes(parts));
        list.push_back({counting.time(parts) + multiplier * bytes, 0, 0});
      }
      choices.addNode(list);
    }
    auto batches = static_cast<double>(counting.microBatches);
    for (const SegmentEdge &edge : graph.edges) {
      std::vector<double> costs;
      for (auto [forward, backward] :
           llvm::zip_equal(edge.forward, edge.backward))
        costs.push_back(batches * (forwardTimes(mode) * forward + backward));
      choices.addEdge(edge.u, edge.v, costs);
    }
    for (int end : {graph.in, graph.out})
      if (end >= 0)
        ends.push_back(end);
    order = orderSteps(choices, size_t(1) << 24, ends);
    for (const Step &step : order.steps) {
      auto &costs = prices.costs.emplace_back();
      for (const Price &price : choices.getChoices(step.node))
        costs.push_back(price.cost);
      prices.memory.emplace_back(costs.size(), 0);
    }
    completions.emplace(order.steps, prices, Measure{});
  }

  unsigned ins() const { return choicesAt(graph.in); }
  unsigned outs() const { return choicesAt(graph.out); }
  double cost(unsigned in, unsigned out) const {
    return completions->totalWith(endsAt(in, out));
  }
  llvm::SmallVector<unsigned> trace(unsigned in, unsigned out) const {
    std::vector<unsigned> found = completions->trace(endsAt(in, out));
    llvm::SmallVector<unsigned> result(found.size());
    for (auto [step, choice] : llvm::zip_equal(order.steps, found))
      result[step.node] = choice;
    return result;
  }

private:
  unsigned choicesAt(int node) const {
    return node < 0 ? 1 : graph.nodes[node].choices.size();
  }
  llvm::SmallVector<unsigned, 2> endsAt(unsigned in, unsigned out) const {
    llvm::SmallVector<unsigned, 2> first;
    if (graph.in >= 0)
      first.push_back(in);
    if (graph.out >= 0)
      first.push_back(out);
    return first;
  }

  const SegmentGraph &graph;
  llvm::SmallVector<unsigned> ends;
  Order order;
  std::optional<Completions> completions;
};
} // namespace

/// All links at one price, the cheapest way of recomputing for each pair.
struct Chain::Tables {
  struct Entry {
    double cost = kInfinity;
    unsigned mode = 0;
  };
  struct Table {
    unsigned ins, outs;
    std::vector<Entry> entries;
    std::vector<std::unique_ptr<PricedLink>> priced; // by mode
  };
  std::vector<Table> tables; // by link

  Tables(const Chain &chain, const Counting &counting, double multiplier) {
    for (auto [number, graph] : llvm::enumerate(chain.links)) {
      Table &table = tables.emplace_back();
      for (Recompute mode : chain.modes) {
        if (mode != Recompute::None && !chain.isLayer[number])
          continue;
        table.priced.push_back(
            std::make_unique<PricedLink>(graph, mode, counting, multiplier));
      }
      table.ins = table.priced.front()->ins();
      table.outs = table.priced.front()->outs();
      for (unsigned in = 0; in < table.ins; ++in)
        for (unsigned out = 0; out < table.outs; ++out) {
          Entry &entry = table.entries.emplace_back();
          for (auto [mode, priced] : llvm::enumerate(table.priced))
            if (double cost = priced->cost(in, out); cost < entry.cost)
              entry = {cost, static_cast<unsigned>(mode)};
        }
    }
  }
};

class Chain::Solver {
public:
  Solver(const Chain &chain, unsigned begin, unsigned end,
         const Counting &counting, int64_t limit)
      : chain(chain), begin(begin), end(end), counting(counting),
        limit(limit) {}

  ChainPlan run() {
    Tables cheapest(chain, counting, 0);
    double bound;
    ChainPlan plan = path(cheapest, cheapest, 0, bound);
    plan.lowerBound = bound;
    if (plan.fits)
      return plan;
    // A price of memory that makes it count, then the least that suffices.
    double low = 0, high = plan.time / static_cast<double>(plan.bytes);
    ChainPlan best;
    best.bytes = plan.bytes;
    constexpr int most = 40;
    for (int tries = 0; tries < most; ++tries, high *= 4) {
      ChainPlan next = atPrice(high, plan.lowerBound);
      bool better = next.bytes < best.bytes;
      if (next.fits || better)
        best = std::move(next);
      if (best.fits)
        break;
      low = high;
    }
    if (!best.fits) {
      best.lowerBound = kInfinity;
      return best;
    }
    for (int tries = 0; tries < 24; ++tries) {
      double middle = low > 0 ? std::sqrt(low * high) : high / 16;
      ChainPlan next = atPrice(middle, plan.lowerBound);
      if (next.fits) {
        high = middle;
        if (next.time < best.time)
          best = std::move(next);
      } else {
        low = middle;
      }
      if (high < low * 1.001)
        break;
    }
    mix(low, high, best);
    best.lowerBound = std::min(plan.lowerBound, best.time);
    return best;
  }

private:
  ChainPlan atPrice(double multiplier, double &bound) {
    Tables tables(chain, counting, multiplier);
    double total;
    ChainPlan plan = path(tables, tables, 0, total);
    bound = std::max(bound, total - multiplier * static_cast<double>(limit));
    return plan;
  }

  /// The first units at the lower price, the others at the higher one: as many
  /// as fit.
  void mix(double low, double high, ChainPlan &best) {
    Tables cheap(chain, counting, low), small(chain, counting, high);
    unsigned least = 0, most = end - begin;
    while (least < most) {
      unsigned middle = (least + most + 1) / 2;
      double total;
      ChainPlan next = path(cheap, small, middle, total);
      if (next.fits) {
        least = middle;
        if (next.time < best.time)
          best = std::move(next);
      } else {
        most = middle - 1;
      }
    }
  }

  /// The shortest path through the units' tables, of which the first `count`
  /// are `first`'s.
  ChainPlan path(const Tables &first, const Tables &second, unsigned count,
                 double &total) {
    auto tableOf = [&](unsigned unit) -> const Tables::Table & {
      const Tables &tables = unit - begin < count ? first : second;
      return tables.tables[chain.units[unit]];
    };
    std::vector<std::vector<unsigned>> previous;
    std::vector<double> costs(tableOf(begin).ins, 0.0);
    for (unsigned unit = begin; unit < end; ++unit) {
      const Tables::Table &table = tableOf(unit);
      std::vector<double> next(table.outs, kInfinity);
      auto &from = previous.emplace_back(table.outs, 0);
      for (unsigned in = 0; in < table.ins; ++in)
        for (unsigned out = 0; out < table.outs; ++out)
          if (double cost =
                  costs[in] + table.entries[in * table.outs + out].cost;
              cost < next[out]) {
            next[out] = cost;
            from[out] = in;
          }
      costs = std::move(next);
    }
    unsigned out = llvm::min_element(costs) - costs.begin();
    total = costs[out];
    ChainPlan plan;
    if (std::isinf(total))
      return plan;
    for (unsigned unit = end; unit-- > begin;) {
      const Tables::Table &table = tableOf(unit);
      unsigned in = previous[unit - begin][out];
      unsigned mode = table.entries[in * table.outs + out].mode;
      plan.units.push_back({chain.units[unit], chain.modes[mode],
                            table.priced[mode]->trace(in, out)});
      out = in;
    }
    std::reverse(plan.units.begin(), plan.units.end());
    sum(plan);
    return plan;
  }

  void sum(ChainPlan &plan) const {
    for (const UnitChoice &unit : plan.units) {
      const SegmentGraph &graph = chain.links[unit.link];
      for (auto [number, node] : llvm::enumerate(graph.nodes))
        plan.total.add(recomputed(node.choices[unit.choices[number]],
                                  unit.recompute,
                                  static_cast<int>(number) == graph.in));
      Parts between = graph.total(unit.choices);
      plan.total.exchange +=
          between.exchange +
          (forwardTimes(unit.recompute) - 1) * between.forwardExchange;
      plan.total.forwardExchange += between.forwardExchange;
    }
    plan.time = counting.time(plan.total);
    plan.bytes = counting.bytes(plan.total) + plan.total.transient;
    plan.fits = plan.bytes <= limit;
  }

  const Chain &chain;
  unsigned begin, end;
  const Counting &counting;
  int64_t limit;
};

ChainPlan Chain::solve(unsigned begin, unsigned end, const Counting &counting,
                       int64_t limit) const {
  return Solver(*this, begin, end, counting, limit).run();
}
