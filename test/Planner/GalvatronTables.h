//===- GalvatronTables.h - Another planner's own prices ---------*- C++ -*-===//
//
// Hetu-Galvatron (commit cea12ffb) prices LLaMA2-7B with sequence 2048 and 64
// samples a step on 8 GPUs; Inputs/ has what its cost functions say of each
// layer and of embedding and head together, for each number of stages and of
// micro-batches.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TEST_PLANNER_GALVATRONTABLES_H
#define VESCALE_TEST_PLANNER_GALVATRONTABLES_H

#include "vescale/Planner/ChoiceGraph.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <gtest/gtest.h>

namespace galvatron {

inline constexpr int64_t kGpus = 8, kBatch = 64, kLayers = 32;

/// How a layer, or embedding and head, are computed.
struct Strategy {
  int64_t tensorParallel, sequenceParallel, zero;
  bool recomputes;
  std::vector<double> time;    // s a micro-batch, by stage
  std::vector<int64_t> memory; // MiB, by stage
};

/// What there is to choose from with so many stages and micro-batches.
struct Row {
  int64_t microBatches, stages;
  std::vector<Strategy> layer, embedding;

  /// What a layer can be on a stage, if strategies are of one kind of
  /// parallelism up to a degree.
  std::vector<vescale::planner::Price> prices(int64_t stage, bool isSequence,
                                              int64_t degree) const {
    std::vector<vescale::planner::Price> prices;
    for (const Strategy &strategy : layer)
      if ((isSequence ? strategy.tensorParallel : strategy.sequenceParallel) ==
              1 &&
          std::max(strategy.tensorParallel, strategy.sequenceParallel) <=
              degree)
        prices.push_back({strategy.time[stage], strategy.memory[stage], 0});
    return prices;
  }

  /// MiB of the one buffer for what tensor parallel layers gather.
  double buffer(bool isSequence, int64_t degree) const {
    if (isSequence)
      return 0;
    double dataParallel = static_cast<double>(kGpus) / stages / degree;
    return static_cast<double>(kBatch) / microBatches / dataParallel * 4096 *
           2048 * 2 / (1 << 20);
  }
};

inline Strategy readStrategy(const llvm::json::Object &from, int64_t stages) {
  Strategy strategy{*from.getInteger("tp"),
                    *from.getInteger("sp"),
                    *from.getInteger("zero"),
                    from.getBoolean("ckpt").value_or(false),
                    {},
                    {}};
  if (const llvm::json::Array *times = from.getArray("a"))
    for (const llvm::json::Value &time : *times)
      strategy.time.push_back(*time.getAsNumber());
  else
    strategy.time.assign(stages, *from.getNumber("a"));
  for (const llvm::json::Value &memory : *from.getArray("mem"))
    strategy.memory.push_back(std::ceil(*memory.getAsNumber()));
  return strategy;
}

/// Galvatron leaves a fifth of large memories free.
inline double ownBudget(int64_t gigabytes) {
  return gigabytes * 1024 * (gigabytes > 20 ? 0.8 : 1);
}

/// A test that has the tables.
class Tables : public testing::Test {
protected:
  void SetUp() override {
    auto buffer = llvm::MemoryBuffer::getFile(VESCALE_TEST_INPUTS
                                              "/galvatron-llama2-7b-8gpu.json");
    ASSERT_TRUE(buffer);
    llvm::Expected<llvm::json::Value> file =
        llvm::json::parse((*buffer)->getBuffer());
    ASSERT_TRUE(bool(file));
    for (const llvm::json::Value &entry :
         *file->getAsObject()->getArray("rows")) {
      const llvm::json::Object &from = *entry.getAsObject();
      Row &row = rows.emplace_back();
      row.microBatches = *from.getInteger("chunks");
      row.stages = *from.getInteger("pp");
      for (const llvm::json::Value &each : *from.getArray("layer"))
        row.layer.push_back(readStrategy(*each.getAsObject(), row.stages));
      for (const llvm::json::Value &each : *from.getArray("embed"))
        row.embedding.push_back(readStrategy(*each.getAsObject(), row.stages));
    }
  }

  std::vector<Row> rows;
};

} // namespace galvatron

#endif // VESCALE_TEST_PLANNER_GALVATRONTABLES_H
