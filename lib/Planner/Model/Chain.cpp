//===- Chain.cpp - The cheapest choices along a chain of segments ---------===//

#include "lib/Planner/Model/Chain.h"
#include "llvm/ADT/STLExtras.h"

using namespace vescale;
using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Chain::Chain(std::vector<SegmentGraph> graphs, std::vector<unsigned> units,
             int64_t microBatches)
    : units(std::move(units)) {
  std::vector<unsigned> copies(graphs.size());
  for (unsigned link : this->units)
    ++copies[link];
  for (auto [graph, count] : llvm::zip_equal(graphs, copies))
    links.emplace_back(std::move(graph), /*isLayer=*/count > 1, microBatches);
}

bool Chain::isTooWide() const {
  return llvm::any_of(links, [](const Link &link) { return link.isTooWide(); });
}

void Chain::findCheapest(const Pricing &pricing) {
  // Without a price of memory it is the same for all stages.
  const Counting &counting = pricing.counting;
  double ofSaved = pricing.multiplier * static_cast<double>(counting.inFlight) /
                   static_cast<double>(counting.chunks);
  if (foundAt
          .emplace(counting.key(), pricing.multiplier, ofSaved,
                   pricing.mostTransient)
          .second)
    for (Link &link : links)
      link.findCheapest(pricing);
}

/// A link's cheapest known plan for each pair of choices at its ends.
struct Chain::Table {
  unsigned ins, outs;
  std::vector<Link::Priced> entries;

  const Link::Priced &at(unsigned in, unsigned out) const {
    return entries[in * outs + out];
  }
};

std::vector<Chain::Table> Chain::tablesAt(const Pricing &pricing) const {
  std::vector<Table> tables;
  for (const Link &link : links) {
    Table &table = tables.emplace_back(Table{link.ins(), link.outs(), {}});
    for (unsigned in = 0; in < table.ins; ++in)
      for (unsigned out = 0; out < table.outs; ++out)
        table.entries.push_back(link.cheapestKnown(in, out, pricing));
  }
  return tables;
}

std::vector<double> Chain::leastCosts(const Pricing &pricing) {
  findCheapest(pricing);
  std::vector<double> byLink;
  for (const Table &table : tablesAt(pricing)) {
    double least = kInfinity;
    for (const Link::Priced &entry : table.entries)
      least = std::min(least, entry.cost);
    byLink.push_back(least);
  }
  std::vector<double> costs;
  for (unsigned link : units)
    costs.push_back(byLink[link]);
  return costs;
}

class Chain::Solver {
public:
  Solver(Chain &chain, unsigned begin, unsigned end, const Counting &counting,
         int64_t limit)
      : chain(chain), begin(begin), end(end), pricing{counting}, limit(limit) {
    for (unsigned unit = begin; unit < end; ++unit)
      leastTransient = std::max(
          leastTransient, chain.links[chain.units[unit]].leastTransient());
  }

  ChainPlan run() {
    double total;
    ChainPlan low = cheapestOfAll(0, total);
    low.lowerBound = total;
    if (low.fits)
      return low;
    ChainPlan high = smallest();
    if (!high.fits) {
      high.lowerBound = kInfinity;
      return high;
    }
    // Plans are lines, time and memory by the price of memory: where those of a
    // plan that fits and of one that does not cross, another may lie below. It
    // is looked for among those known, and where there is none, among all.
    ChainPlan best = high;
    double bound = low.lowerBound, lowPrice = 0, highPrice = kMemoryAlone;
    constexpr int tries = 64;
    for (int each = 0; each < tries; ++each) {
      double price =
          std::max(0.0, (high.time - low.time) /
                            static_cast<double>(low.bytes - high.bytes));
      double value = lineOf(high, price) * (1 - 1e-9);
      ChainPlan next = cheapestKnown(price, total);
      if (lineOf(next, price) >= value) {
        next = cheapestOfAll(price, total);
        bound = std::max(bound, boundOf(price, total));
      }
      if (next.fits && next.time < best.time)
        best = next;
      if (lineOf(next, price) >= value)
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
  using Tables = std::vector<Table>;

  static double lineOf(const ChainPlan &plan, double price) {
    return plan.time + price * static_cast<double>(plan.bytes);
  }

  /// What no plan that fits takes less time than, by the least line at a price.
  double boundOf(double price, double total) const {
    return total - price * static_cast<double>(limit - leastTransient);
  }

  Tables tablesAt(double price) {
    pricing.multiplier = price;
    return chain.tablesAt(pricing);
  }
  ChainPlan cheapestKnown(double price, double &total) {
    Tables tables = tablesAt(price);
    return path(tables, tables, 0, total);
  }
  ChainPlan cheapestOfAll(double price, double &total) {
    pricing.multiplier = price;
    chain.findCheapest(pricing);
    return cheapestKnown(price, total);
  }

  /// The plan that takes the least memory; with the largest transient counted
  /// where that decides whether it fits.
  ChainPlan smallest() {
    double total;
    ChainPlan plan = cheapestOfAll(kMemoryAlone, total);
    ChainPlan smallest = plan;
    // A smaller transient is worth a try while there is room for the least one.
    while (!plan.fits && !plan.units.empty() &&
           plan.bytes - plan.total.transient + leastTransient <= limit) {
      pricing.mostTransient = plan.total.transient - 1;
      plan = cheapestOfAll(kMemoryAlone, total);
      if (!plan.units.empty() && plan.bytes < smallest.bytes)
        smallest = plan;
    }
    pricing.mostTransient = std::numeric_limits<int64_t>::max();
    return smallest;
  }

  /// The first units at the lower price, the others at the higher one: as many
  /// as fit.
  void mix(double low, double high, ChainPlan &best) {
    Tables cheap = tablesAt(low), small = tablesAt(high);
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
    const Counting &counting = pricing.counting;
    auto tableOf = [&](unsigned unit) -> const Table & {
      return (unit - begin < count ? first : second)[chain.units[unit]];
    };
    // Of each unit by its choices at the end, one after the other.
    std::vector<unsigned> previous;
    llvm::SmallVector<double, 16> costs(tableOf(begin).ins, 0.0), next;
    for (unsigned unit = begin; unit < end; ++unit) {
      const Table &table = tableOf(unit);
      next.assign(table.outs, kInfinity);
      size_t first = previous.size();
      previous.resize(first + table.outs, 0);
      for (unsigned in = 0; in < table.ins; ++in)
        for (unsigned out = 0; out < table.outs; ++out)
          if (double cost = costs[in] + table.at(in, out).cost;
              cost < next[out]) {
            next[out] = cost;
            previous[first + out] = in;
          }
      costs.swap(next);
    }
    unsigned out = llvm::min_element(costs) - costs.begin();
    total = costs[out];
    ChainPlan plan;
    if (std::isinf(total))
      return plan;
    plan.units.reserve(end - begin);
    size_t last = previous.size();
    for (unsigned unit = end; unit-- > begin;) {
      const Table &table = tableOf(unit);
      last -= table.outs;
      unsigned in = previous[last + out];
      const LinkPlan *link = table.at(in, out).plan;
      const Parts &parts = link->parts;
      plan.units.push_back({chain.units[unit], link, counting.time(parts),
                            counting.bytes(parts),
                            counting.microBatches * parts.sent +
                                counting.syncMoved(parts).sent});
      plan.total.add(parts);
      out = in;
    }
    std::reverse(plan.units.begin(), plan.units.end());
    plan.time = counting.time(plan.total);
    plan.bytes = counting.bytes(plan.total) + plan.total.transient;
    plan.fits = plan.bytes <= limit;
    return plan;
  }

  Chain &chain;
  unsigned begin, end;
  Pricing pricing;
  int64_t limit, leastTransient = 0;
};

ChainPlan Chain::solve(unsigned begin, unsigned end, const Counting &counting,
                       int64_t limit) {
  return Solver(*this, begin, end, counting, limit).run();
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
  const SegmentGraph &graph = link(first.link);
  if (graph.in < 0)
    return 0;
  const SegmentNode &node = graph.nodes[graph.in];
  return localBytes(llvm::cast<mlir::RankedTensorType>(node.value.getType()),
                    node.layouts[first.plan->choices[graph.in]], mesh);
}
