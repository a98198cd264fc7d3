//===- Chain.cpp - The cheapest choices along a chain of segments ---------===//

#include "lib/Planner/Model/Chain.h"
#include "lib/Planner/Choices/Bounds.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace vescale;
using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Moved Counting::syncMoved(const Parts &parts) const {
  Moved moved = parts.modelSum;
  auto add = [&](const Moved &each, int64_t times) {
    moved.us += each.us * static_cast<double>(times);
    moved.sent += each.sent * times;
  };
  if (zero == 0) {
    add(parts.sum, 1);
    return moved;
  }
  add(parts.scatter, zero >= 2 ? microBatches : 1);
  add(parts.gather, zero >= 3 ? 2 * microBatches : 1);
  return moved;
}

double Counting::update(const Parts &parts) const {
  return zero >= 1 ? parts.update / static_cast<double>(dp) : parts.update;
}

double Counting::time(const Parts &parts) const {
  double work = static_cast<double>(microBatches) *
                (parts.forward + parts.backward + parts.exchange);
  if (!countsOnce)
    return work;
  return work + exposed * sync(parts) + update(parts) -
         besideForward * parts.forward - besideBackward * parts.backward;
}

int64_t Counting::parameters(const Parts &parts) const {
  return shard(parts.parameters, 3);
}
int64_t Counting::gradients(const Parts &parts) const {
  return shard(parts.gradients, 2);
}
int64_t Counting::state(const Parts &parts) const {
  return shard(parts.state, 1);
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

/// The nodes of the values at the cuts, as far as there are any.
static llvm::SmallVector<unsigned, 2> endsOf(const SegmentGraph &graph) {
  llvm::SmallVector<unsigned, 2> ends;
  for (int end : {graph.in, graph.out})
    if (end >= 0)
      ends.push_back(end);
  return ends;
}

/// The steps of a link, its ends first, with what exchanges cost: the same at
/// each price of memory.
static Order stepsOf(const SegmentGraph &graph, Recompute mode,
                     int64_t microBatches) {
  ChoiceGraph choices;
  for (const SegmentNode &node : graph.nodes)
    choices.addNode(llvm::SmallVector<Price>(node.choices.size()));
  auto batches = static_cast<double>(microBatches);
  for (const SegmentEdge &edge : graph.edges) {
    std::vector<double> costs;
    for (auto [forward, backward] :
         llvm::zip_equal(edge.forward, edge.backward))
      costs.push_back(batches * (forwardTimes(mode) * forward + backward));
    choices.addEdge(edge.u, edge.v, costs);
  }
  return orderSteps(choices, size_t(1) << 24, endsOf(graph));
}

namespace {
/// A link at a price: the cheapest choices inside for each pair at its ends.
class PricedLink {
public:
  PricedLink(const SegmentGraph &graph, const Order &order, Recompute mode,
             const Counting &counting, double multiplier)
      : graph(graph), order(order) {
    StepPrices prices;
    for (const Step &step : order.steps) {
      std::vector<double> &costs = prices.costs.emplace_back();
      for (const Parts &each : graph.nodes[step.node].choices) {
        Parts parts =
            recomputed(each, mode, static_cast<int>(step.node) == graph.in);
        auto bytes = static_cast<double>(counting.bytes(parts));
        costs.push_back(counting.time(parts) + multiplier * bytes);
      }
      prices.memory.emplace_back(costs.size(), 0);
    }
    completions.emplace(order.steps, prices, Measure{});
  }

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
  llvm::SmallVector<unsigned, 2> endsAt(unsigned in, unsigned out) const {
    llvm::SmallVector<unsigned, 2> first;
    if (graph.in >= 0)
      first.push_back(in);
    if (graph.out >= 0)
      first.push_back(out);
    return first;
  }

  const SegmentGraph &graph;
  const Order &order;
  std::optional<Completions> completions;
};
} // namespace

/// For each link the orders of its steps: recomputed in full, and otherwise.
struct Chain::Steps {
  std::vector<std::array<Order, 2>> orders;

  Steps(llvm::ArrayRef<SegmentGraph> links, int64_t microBatches) {
    for (const SegmentGraph &graph : links)
      orders.push_back({stepsOf(graph, Recompute::None, microBatches),
                        stepsOf(graph, Recompute::Full, microBatches)});
  }
  const Order &of(unsigned link, Recompute mode) const {
    return orders[link][mode == Recompute::Full];
  }
};

Chain::Chain(std::vector<SegmentGraph> links, std::vector<unsigned> units,
             int64_t microBatches)
    : links(std::move(links)), units(std::move(units)),
      steps(std::make_unique<Steps>(this->links, microBatches)) {
  isLayer.assign(this->links.size(), false);
  std::vector<unsigned> copies(this->links.size());
  for (unsigned link : this->units)
    isLayer[link] = ++copies[link] > 1;
}

Chain::~Chain() = default;

bool Chain::isTooWide() const {
  return llvm::any_of(llvm::zip_equal(links, steps->orders),
                      [](const auto &each) {
                        const auto &[graph, orders] = each;
                        return orders[0].steps.size() < graph.nodes.size();
                      });
}

/// All links at one price, the cheapest way of recomputing for each pair.
struct Chain::Tables {
  struct Entry {
    double cost = kInfinity;
    unsigned mode = 0;
  };
  struct Table {
    unsigned ins, outs;
    std::vector<Entry> entries;
    std::vector<Recompute> modes;
    std::vector<std::unique_ptr<PricedLink>> priced; // by mode
  };
  std::vector<Table> tables; // by link

  Tables(const Chain &chain, const Counting &counting, double multiplier) {
    for (auto [number, graph] : llvm::enumerate(chain.links)) {
      Table &table = tables.emplace_back();
      auto choicesAt = [&graph = graph](int node) -> unsigned {
        return node < 0 ? 1 : graph.nodes[node].choices.size();
      };
      table.ins = choicesAt(graph.in);
      table.outs = choicesAt(graph.out);
      for (Recompute mode : counting.modes) {
        if (mode != Recompute::None && !chain.isLayer[number] &&
            !table.modes.empty())
          continue;
        table.modes.push_back(mode);
        table.priced.push_back(std::make_unique<PricedLink>(
            graph, chain.steps->of(number, mode), mode, counting, multiplier));
      }
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
      : chain(chain), begin(begin), end(end), counting(counting), limit(limit) {
  }

  ChainPlan run() {
    double bound;
    ChainPlan low = atPrice(0, bound);
    low.lowerBound = bound;
    if (low.fits)
      return low;
    // Where time counts for nothing.
    double most = 1e6 * low.time / static_cast<double>(low.bytes);
    ChainPlan high = atPrice(most, bound);
    if (!high.fits) {
      high.lowerBound = kInfinity;
      return high;
    }
    // Plans are lines, time and memory by the price of memory: where those of a
    // plan that fits and of one that does not cross, another may lie below.
    ChainPlan best = high;
    double lowPrice = 0, highPrice = most;
    bound = low.lowerBound;
    constexpr int tries = 32;
    for (int each = 0; each < tries; ++each) {
      double price =
          (high.time - low.time) / static_cast<double>(low.bytes - high.bytes);
      double value = high.time + price * static_cast<double>(high.bytes);
      double total;
      ChainPlan next = atPrice(price, total);
      bound = std::max(bound, total - price * static_cast<double>(limit));
      if (next.fits && next.time < best.time)
        best = next;
      if (next.time + price * static_cast<double>(next.bytes) >
          value * (1 - 1e-9))
        break;
      if (next.fits) {
        high = std::move(next);
        highPrice = price;
      } else {
        low = std::move(next);
        lowPrice = price;
      }
    }
    mix(lowPrice, highPrice, best);
    best.multiplier = highPrice;
    best.lowerBound = std::min(bound, best.time);
    return best;
  }

private:
  ChainPlan atPrice(double multiplier, double &total) {
    Tables tables(chain, counting, multiplier);
    return path(tables, tables, 0, total);
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
    // Copies that stand between the same choices are alike.
    std::map<std::tuple<const Tables::Table *, unsigned, unsigned>,
             std::pair<UnitChoice, Parts>>
        known;
    for (unsigned unit = end; unit-- > begin;) {
      const Tables::Table &table = tableOf(unit);
      unsigned in = previous[unit - begin][out];
      auto [place, isNew] = known.try_emplace({&table, in, out});
      auto &[choice, parts] = place->second;
      if (isNew) {
        unsigned mode = table.entries[in * table.outs + out].mode;
        choice = {chain.units[unit], table.modes[mode],
                  table.priced[mode]->trace(in, out)};
        parts = partsOf(choice);
        choice.time = counting.time(parts);
        choice.bytes = counting.bytes(parts);
        choice.sent =
            counting.microBatches * parts.sent + counting.syncMoved(parts).sent;
      }
      plan.units.push_back(choice);
      plan.total.add(parts);
      out = in;
    }
    std::reverse(plan.units.begin(), plan.units.end());
    plan.time = counting.time(plan.total);
    plan.bytes = counting.bytes(plan.total) + plan.total.transient;
    plan.fits = plan.bytes <= limit;
    return plan;
  }

  Parts partsOf(const UnitChoice &unit) const {
    const SegmentGraph &graph = chain.links[unit.link];
    Parts sum;
    for (auto [number, node] : llvm::enumerate(graph.nodes))
      sum.add(recomputed(node.choices[unit.choices[number]], unit.recompute,
                         static_cast<int>(number) == graph.in));
    Parts between = graph.total(unit.choices);
    sum.exchange += between.exchange + (forwardTimes(unit.recompute) - 1) *
                                           between.forwardExchange;
    sum.forwardExchange += between.forwardExchange;
    sum.sent += between.sent;
    return sum;
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

std::vector<double> Chain::leastCosts(const Counting &counting,
                                      double multiplier) const {
  Tables tables(*this, counting, multiplier);
  std::vector<double> byLink;
  for (const Tables::Table &table : tables.tables) {
    double least = kInfinity;
    for (const Tables::Entry &entry : table.entries)
      least = std::min(least, entry.cost);
    byLink.push_back(least);
  }
  std::vector<double> costs;
  for (unsigned link : units)
    costs.push_back(byLink[link]);
  return costs;
}

std::string Chain::describe(unsigned begin, unsigned end) const {
  std::string text;
  for (unsigned unit = begin; unit < end;) {
    unsigned first = unit;
    while (unit < end && units[unit] == units[first])
      ++unit;
    text +=
        std::to_string(units[first]) + "x" + std::to_string(unit - first) + " ";
  }
  return text;
}

int64_t Chain::cutBytes(const ChainPlan &plan, const StageMesh &mesh) const {
  const UnitChoice &first = plan.units.front();
  const SegmentGraph &graph = links[first.link];
  if (graph.in < 0)
    return 0;
  const SegmentNode &node = graph.nodes[graph.in];
  return localBytes(cast<mlir::RankedTensorType>(node.value.getType()),
                    node.layouts[first.choices[graph.in]], mesh);
}
