//===- GalvatronTest.cpp - On another planner's own prices ------*- C++ -*-===//
//
// Hetu-Galvatron (commit cea12ffb) prices LLaMA2-7B with sequence 2048 and 64
// samples a step on 8 GPUs; Inputs/ has what its cost functions say of each
// layer and of embedding and head together, for each number of stages and of
// micro-batches. Its plans must not be better than what the search finds by its
// own score.
//
//===----------------------------------------------------------------------===//
#include "vescale/Planner/ChoiceGraph.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace vescale::planner;
namespace json = llvm::json;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
/// How a layer, or embedding and head, are computed.
struct Strategy {
  int64_t tensorParallel, sequenceParallel;
  std::vector<double> time;    // s a micro-batch, by stage
  std::vector<int64_t> memory; // MiB, by stage
};

/// What there is to choose from with so many stages and micro-batches.
struct Row {
  int64_t microBatches, stages;
  std::vector<Strategy> layer, embedding;
};

class Galvatron : public testing::Test {
protected:
  void SetUp() override {
    auto buffer = llvm::MemoryBuffer::getFile(VESCALE_TEST_INPUTS
                                              "/galvatron-llama2-7b-8gpu.json");
    ASSERT_TRUE(buffer);
    llvm::Expected<json::Value> file = json::parse((*buffer)->getBuffer());
    ASSERT_TRUE(bool(file));
    for (const json::Value &entry : *file->getAsObject()->getArray("rows")) {
      const json::Object &from = *entry.getAsObject();
      Row &row = rows.emplace_back();
      row.microBatches = *from.getInteger("chunks");
      row.stages = *from.getInteger("pp");
      for (const json::Value &each : *from.getArray("layer"))
        row.layer.push_back(read(*each.getAsObject(), row.stages));
      for (const json::Value &each : *from.getArray("embed"))
        row.embedding.push_back(read(*each.getAsObject(), row.stages));
    }
  }

  static Strategy read(const json::Object &from, int64_t stages) {
    Strategy strategy{*from.getInteger("tp"), *from.getInteger("sp"), {}, {}};
    if (const json::Array *times = from.getArray("a"))
      for (const json::Value &time : *times)
        strategy.time.push_back(*time.getAsNumber());
    else
      strategy.time.assign(stages, *from.getNumber("a"));
    for (const json::Value &memory : *from.getArray("mem"))
      strategy.memory.push_back(std::ceil(*memory.getAsNumber()));
    return strategy;
  }

  /// Samples a second by Galvatron's score, the best of all rows.
  double bestThroughput(int64_t gigabytes) const;

  std::vector<Row> rows;
};

/// The search with one embedding, and strategies of one kind of parallelism up
/// to a degree.
class Pipeline {
public:
  static constexpr int64_t kGpus = 8, kBatch = 64, kLayers = 32;

  Pipeline(const Row &row, const Strategy &embedding, bool isSequence,
           int64_t degree, double budget)
      : row(row), embedding(embedding), isSequence(isSequence), degree(degree),
        budget(budget) {
    // One buffer for what tensor parallel layers gather.
    if (!isSequence)
      this->budget -= static_cast<double>(kBatch) / row.microBatches /
                      (static_cast<double>(kGpus) / row.stages / degree) *
                      4096 * 2048 * 2 / (1 << 20);
  }

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
    std::vector<Price> prices;
    for (const Strategy &strategy : row.layer)
      if ((isSequence ? strategy.tensorParallel : strategy.sequenceParallel) ==
              1 &&
          std::max(strategy.tensorParallel, strategy.sequenceParallel) <=
              degree)
        prices.push_back({strategy.time[stage], strategy.memory[stage], 0});
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
  double budget = gigabytes * 1024;
  if (gigabytes > 20)
    budget -= 0.2 * budget;
  double best = kInfinity;
  for (const Row &row : rows)
    for (bool isSequence : {false, true})
      for (int64_t degree = 1; degree <= Pipeline::kGpus / row.stages;
           degree *= 2)
        for (const Strategy &embedding : row.embedding)
          best = std::min(
              best,
              Pipeline(row, embedding, isSequence, degree, budget).leastTime());
  return Pipeline::kBatch / best;
}

TEST_F(Galvatron, ItsPlansAreNotBetter) {
  // Memory in GiB, and samples a second of its own plan.
  for (auto [gigabytes, own] :
       {std::pair(16, 10.897), std::pair(24, 12.656), std::pair(36, 15.276)}) {
    double found = bestThroughput(gigabytes);
    EXPECT_GE(found, own - 1e-3) << gigabytes;
  }
}

/// Under a plain budget more memory never lowers throughput.
TEST_F(Galvatron, MoreMemoryIsNotWorse) {
  double last = 0;
  for (int64_t gigabytes = 21; gigabytes <= 36; gigabytes += 5) {
    double found = bestThroughput(gigabytes);
    EXPECT_GE(found, last);
    last = found;
  }
}
