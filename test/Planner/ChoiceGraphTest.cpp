//===- ChoiceGraphTest.cpp - The search against all combinations *- C++ -*-===//

#include "vescale/Planner/ChoiceGraph.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <zlib.h>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
/// Random graphs: of all shapes, with whole numbers or others for costs, with
/// choices and pairs that exclude each other.
class Random {
public:
  explicit Random(uint32_t seed) : engine(seed), whole(between(0, 1)) {}

  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  }
  double cost(int64_t most) {
    return whole ? static_cast<double>(between(0, most))
                 : static_cast<double>(between(0, 1000)) / 7.0;
  }

  ChoiceGraph makeGraph(int64_t nodes, int64_t choices, int64_t edgesIn10) {
    ChoiceGraph graph;
    for (int64_t node = 0; node < nodes; ++node) {
      std::vector<Price> prices(between(1, choices));
      for (Price &price : prices) {
        price.cost = between(0, 15) ? cost(6) : kInfinity;
        price.memory = between(0, 30);
        price.transient = between(0, 3) ? between(0, 20) : 0;
      }
      graph.addNode(prices);
    }
    for (unsigned u = 0; u < nodes; ++u)
      for (unsigned v = u + 1; v < nodes; ++v)
        if (between(1, 10) <= edgesIn10)
          between(0, 1) ? addEdge(graph, u, v) : addEdge(graph, v, u);
    return graph;
  }

private:
  void addEdge(ChoiceGraph &graph, unsigned u, unsigned v) {
    std::vector<double> costs(graph.getChoices(u).size() *
                              graph.getChoices(v).size());
    for (double &each : costs)
      each = between(0, 12) ? cost(5) : kInfinity;
    graph.addEdge(u, v, costs);
  }

  std::mt19937 engine;
  bool whole;
};

/// What looking at each combination finds.
struct Exhaustive {
  double cost = kInfinity;
  int64_t leastMemory = std::numeric_limits<int64_t>::max();
};

Exhaustive lookAtAll(const ChoiceGraph &graph, int64_t limit) {
  Exhaustive found;
  std::vector<unsigned> choices(graph.size(), 0);
  for (;;) {
    Price price = graph.priceOf(choices);
    int64_t memory = price.memory + price.transient;
    if (!std::isinf(price.cost)) {
      found.leastMemory = std::min(found.leastMemory, memory);
      if (memory <= limit)
        found.cost = std::min(found.cost, price.cost);
    }
    unsigned node = 0;
    while (node < choices.size() &&
           ++choices[node] == graph.getChoices(node).size())
      choices[node++] = 0;
    if (node == choices.size())
      return found;
  }
}
} // namespace

/// Holds what was found against itself.
static void expectSound(const ChoiceGraph &graph, const Optimum &found,
                        int64_t limit) {
  if (found.choices.empty())
    return;
  Price price = graph.priceOf(found.choices);
  EXPECT_DOUBLE_EQ(price.cost, found.cost);
  EXPECT_EQ(price.memory + price.transient, found.memory);
  EXPECT_LE(found.memory, limit);
  EXPECT_LE(found.lowerBound, found.cost);
}

TEST(ChoiceGraph, IsTheBestOfAllCombinations) {
  int infeasible = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    int64_t nodes = random.between(1, 6);
    ChoiceGraph graph = random.makeGraph(nodes, 5, random.between(1, 10));
    SearchLimits limits;
    limits.memory = random.between(0, nodes * 25);
    if (random.between(0, 2) == 0)
      limits.states = 30; // wider graphs are branched on
    Exhaustive all = lookAtAll(graph, limits.memory);
    Optimum found = findCheapest(graph, limits);
    expectSound(graph, found, limits.memory);
    if (std::isinf(all.cost)) {
      ++infeasible;
      EXPECT_EQ(found.status, Optimum::Infeasible);
      EXPECT_EQ(found.memory, all.leastMemory);
    } else {
      EXPECT_EQ(found.status, Optimum::Optimal);
      EXPECT_NEAR(found.cost, all.cost, 1e-9 * std::abs(all.cost));
    }
  }
  EXPECT_GT(infeasible, 200);
  EXPECT_LT(infeasible, 1800);
}

TEST(ChoiceGraph, MoreMemoryNeverCostsMore) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    ChoiceGraph graph = Random(seed).makeGraph(12, 6, 2);
    double last = kInfinity;
    for (int64_t memory = 0; memory < 400; memory += 20) {
      SearchLimits limits;
      limits.memory = memory;
      Optimum found = findCheapest(graph, limits);
      EXPECT_LE(found.cost, last);
      last = found.cost;
    }
  }
}

/// What is left when the work is cut is still a bound, and a combination that
/// fits.
TEST(ChoiceGraph, BoundsHoldWhereWorkEnds) {
  int bounded = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ChoiceGraph graph = random.makeGraph(14, 6, 3);
    SearchLimits limits;
    limits.memory = random.between(80, 250);
    Optimum whole = findCheapest(graph, limits);
    limits.work = random.between(1, whole.work);
    Optimum cut = findCheapest(graph, limits),
            again = findCheapest(graph, limits);
    expectSound(graph, cut, limits.memory);
    EXPECT_EQ(cut.choices, again.choices);
    EXPECT_EQ(cut.lowerBound, again.lowerBound);
    EXPECT_LE(cut.lowerBound, whole.cost);
    EXPECT_GE(cut.cost, whole.cost);
    bounded += cut.status == Optimum::Bounded;
  }
  EXPECT_GT(bounded, 20);
}

TEST(ChoiceGraph, NodesAreFoundInAnyOrder) {
  // A chain whose nodes come shuffled has few open nodes in its own order.
  ChoiceGraph graph;
  constexpr unsigned count = 400, step = 171;
  std::vector<Price> prices = {{1, 2, 0}, {2, 1, 0}};
  for (unsigned node = 0; node < count; ++node)
    graph.addNode(prices);
  for (unsigned node = 0; node + 1 < count; ++node)
    graph.addEdge(node * step % count, (node + 1) * step % count, {0, 3, 3, 0});
  SearchLimits limits;
  limits.memory = 600;
  Optimum found = findCheapest(graph, limits);
  EXPECT_EQ(found.status, Optimum::Optimal);
  EXPECT_EQ(found.cost, 200 + 200 * 2 + 3); // one change of choices
}

/// All pairs of 7 nodes: 8^6 combinations would be open at once.
TEST(ChoiceGraph, WideGraphsAreBranchedOn) {
  ChoiceGraph graph;
  std::vector<Price> prices(8);
  for (int64_t choice = 0; choice < 8; ++choice)
    prices[choice] = {static_cast<double>(choice), 8 - choice, 0};
  for (unsigned node = 0; node < 7; ++node)
    graph.addNode(prices);
  // Neighbours that choose the same cost nothing: all do.
  std::vector<double> costs(64, 5);
  for (unsigned choice = 0; choice < 8; ++choice)
    costs[choice * 9] = 0;
  for (unsigned u = 0; u < 7; ++u)
    for (unsigned v = u + 1; v < 7; ++v)
      graph.addEdge(u, v, costs);
  SearchLimits limits;
  limits.states = 1 << 10;
  Optimum found = findCheapest(graph, limits);
  EXPECT_EQ(found.status, Optimum::Optimal);
  EXPECT_EQ(found.cost, 0);
  limits.memory = 7 * 5;
  found = findCheapest(graph, limits);
  EXPECT_EQ(found.status, Optimum::Optimal);
  EXPECT_EQ(found.cost, 7 * 3);
}

TEST(ChoiceGraph, LooksOnlyForWhatCostsLess) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    ChoiceGraph graph = Random(seed).makeGraph(10, 5, 3);
    SearchLimits limits;
    limits.memory = 150;
    Optimum whole = findCheapest(graph, limits);
    if (whole.status != Optimum::Optimal)
      continue;
    limits.cost = whole.cost;
    EXPECT_EQ(findCheapest(graph, limits).status, Optimum::Infeasible);
    limits.cost = whole.cost + 1;
    EXPECT_EQ(findCheapest(graph, limits).cost, whole.cost);
  }
}

static std::string readCompressed(const char *path) {
  gzFile file = gzopen(path, "rb");
  std::string text;
  char buffer[1 << 16];
  for (int size; file && (size = gzread(file, buffer, sizeof buffer)) > 0;)
    text.append(buffer, size);
  gzclose(file);
  return text;
}

/// 300 ops of 12 choices with a memory limit, whose optimum integer programming
/// has proved.
TEST(ChoiceGraph, FindsAKnownOptimum) {
  std::istringstream file(
      readCompressed(VESCALE_TEST_INPUTS "/alpa-shaped-300.txt.gz"));
  size_t nodes, choices, edges;
  SearchLimits limits;
  ASSERT_TRUE(file >> nodes >> choices >> edges >> limits.memory);
  ChoiceGraph graph;
  std::vector<Price> prices(choices);
  for (size_t node = 0; node < nodes; ++node) {
    for (Price &price : prices)
      file >> price.cost;
    for (Price &price : prices)
      file >> price.memory;
    graph.addNode(prices);
  }
  std::vector<double> costs(choices * choices);
  for (size_t edge = 0; edge < edges; ++edge) {
    unsigned u, v;
    file >> u >> v;
    for (double &cost : costs)
      file >> cost;
    graph.addEdge(u, v, costs);
  }
  ASSERT_TRUE(file);
  Optimum found = findCheapest(graph, limits);
  EXPECT_EQ(found.status, Optimum::Optimal);
  EXPECT_NEAR(found.cost, 2289.291453, 1e-6);
}
