//===- GalvatronTest.cpp - Its plans by its own score -----------*- C++ -*-===//
//
// Galvatron's plans must not be better than what the search finds by
// Galvatron's own score.
//
//===----------------------------------------------------------------------===//
#include "GalvatronTables.h"
#include <numeric>

using namespace vescale::planner;
using namespace galvatron;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
class Galvatron : public Tables {
protected:
  /// Samples a second by Galvatron's score, the best of all rows.
  double bestThroughput(int64_t gigabytes) const;
};

/// The search with one embedding, and strategies of one kind of parallelism up
/// to a degree.
class Pipeline {
public:
  Pipeline(const Row &row, const Strategy &embedding, bool isSequence,
           int64_t degree, double budget)
      : row(row), embedding(embedding), isSequence(isSequence), degree(degree),
        budget(budget - row.buffer(isSequence, degree)) {}

  /// With as many layers in each stage: the score charges the first and the
  /// last one alone, and so favours stages between that are too long.
  double leastTime() {
    std::vector<double> times;
    for (int64_t stage = 0; stage < row.stages; ++stage) {
      times.push_back(timeOf(stage, kLayers / row.stages));
      if (std::isinf(times.back()))
        return kInfinity;
    }
    return score(times);
  }

private:
  /// Galvatron's: its pipeline waits for the first or for the last stage.
  double score(const std::vector<double> &a) const {
    double m = row.microBatches, p = row.stages;
    double k = std::min(p - 1, m - 1),
           rest = std::accumulate(a.begin() + 1, a.end(), 0.0);
    return std::max(a[0] + rest + (m - 1) * a.back(),
                    std::max(k * a[0] / 3, rest / 3) +
                        std::max(2 * k * a[0] / 3, 2 * rest / 3) +
                        a[0] * std::max(0.0, m + 1 - p));
  }

  /// The least time of a stage with so many layers.
  double timeOf(int64_t stage, int64_t layers) {
    double left = budget - embedding.memory[stage];
    std::vector<Price> prices = row.prices(stage, isSequence, degree);
    if (prices.empty() || left < 0)
      return kInfinity;
    ChoiceGraph graph;
    for (int64_t layer = 0; layer < layers; ++layer)
      graph.addNode(prices);
    SearchLimits limits;
    limits.memory = static_cast<int64_t>(left);
    Optimum optimum = findCheapest(graph, limits);
    EXPECT_NE(optimum.status, Optimum::Bounded);
    return optimum.cost + embedding.time[stage];
  }

  const Row &row;
  const Strategy &embedding;
  bool isSequence;
  int64_t degree;
  double budget; // MiB
};
} // namespace

double Galvatron::bestThroughput(int64_t gigabytes) const {
  double budget = ownBudget(gigabytes);
  double best = kInfinity;
  for (const Row &row : rows)
    for (bool isSequence : {false, true})
      for (int64_t degree = 1; degree <= kGpus / row.stages; degree *= 2)
        for (const Strategy &embedding : row.embedding)
          best = std::min(
              best,
              Pipeline(row, embedding, isSequence, degree, budget).leastTime());
  return kBatch / best;
}

TEST_F(Galvatron, ItsPlansAreNotBetter) {
  // Memory in GiB, and samples a second of its own plan.
  for (auto [gigabytes, own] :
       {std::pair(16, 10.897), std::pair(24, 12.656), std::pair(36, 15.276)}) {
    double found = bestThroughput(gigabytes);
    EXPECT_GE(found, own - 1e-3) << gigabytes;
  }
}
