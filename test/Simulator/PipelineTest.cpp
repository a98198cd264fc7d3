//===- PipelineTest.cpp - Steps of pipelines, against closed forms -*- C++ -*-//

#include "vescale/Simulator/Pipeline.h"
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <random>

using namespace vescale::simulator;

static Timeline simulated(const Pipeline &pipeline) {
  llvm::Expected<Timeline> timeline = simulate(pipeline);
  EXPECT_TRUE(bool(timeline));
  return std::move(*timeline);
}

/// Stages that are alike; a stage's forward takes 6 and backward 12, in parts.
static Pipeline even(ScheduleKind schedule, unsigned stages,
                     unsigned microBatches, unsigned chunks) {
  Pipeline pipeline;
  pipeline.schedule = schedule;
  pipeline.microBatches = microBatches;
  Chunk chunk;
  chunk.forwardUs = 6.0 / chunks;
  chunk.backwardUs = 12.0 / chunks;
  chunk.activations = 1;
  Stage stage;
  stage.chunks.assign(chunks, chunk);
  pipeline.stages.assign(stages, stage);
  return pipeline;
}

/// The bubble is (p - 1) / m of the work, and (p - 1) / (m v) interleaved.
TEST(Pipeline, BubbleOfEvenStages) {
  for (unsigned p : {1, 2, 4, 7})
    for (unsigned m : {1, 2, 7, 8, 28})
      for (auto kind :
           {ScheduleKind::GPipe, ScheduleKind::OneForwardOneBackward}) {
        Timeline timeline = simulated(even(kind, p, m, 1));
        EXPECT_DOUBLE_EQ(timeline.makespan, 18.0 * (m + p - 1));
        for (const RankUse &use : timeline.ranks)
          EXPECT_NEAR(use.idle / use.busy, double(p - 1) / m, 1e-12);
      }
  for (unsigned p : {2, 4, 7})
    for (unsigned groups : {1, 2, 5})
      for (unsigned v : {2, 3, 6}) {
        unsigned m = p * groups;
        Timeline timeline = simulated(even(ScheduleKind::Interleaved, p, m, v));
        EXPECT_NEAR(timeline.makespan, 18.0 * m + 18.0 * (p - 1) / v, 1e-9);
        for (const RankUse &use : timeline.ranks)
          EXPECT_NEAR(use.idle / use.busy, double(p - 1) / (m * v), 1e-12);
      }
}

/// Where stages do not divide the micro-batches the bubble is no longer.
TEST(Pipeline, BubbleOfUnevenGroups) {
  for (unsigned p = 2; p <= 8; ++p)
    for (unsigned m = p; m <= 4 * p; ++m)
      for (unsigned v : {2, 3, 6}) {
        Timeline timeline = simulated(even(ScheduleKind::Interleaved, p, m, v));
        EXPECT_NEAR(timeline.makespan, 18.0 * m + 18.0 * (p - 1) / v, 1e-9)
            << p << " " << m << " " << v;
      }
}

TEST(Pipeline, MemoryIsThatOfWhatIsInFlight) {
  for (auto [kind, v] : {std::pair(ScheduleKind::GPipe, 1u),
                         std::pair(ScheduleKind::OneForwardOneBackward, 1u),
                         std::pair(ScheduleKind::Interleaved, 3u)})
    for (unsigned p : {1, 3, 4})
      for (unsigned m : {4, 8, 13}) {
        Pipeline pipeline = even(kind, p, m, v);
        for (Stage &stage : pipeline.stages) {
          stage.held = 1000;
          for (Chunk &chunk : stage.chunks)
            chunk.backwardTransient = 100;
        }
        Timeline timeline = simulated(pipeline);
        for (unsigned s = 0; s < p; ++s)
          EXPECT_EQ(timeline.ranks[s].peakMemory,
                    1100 + mostInFlight(kind, pipeline.shape(), s));
      }
}

/// Three stages, two micro-batches: forward 6, backward 12, transfers 1.
TEST(Pipeline, Transfers) {
  Pipeline pipeline = even(ScheduleKind::OneForwardOneBackward, 3, 2, 1);
  for (Stage &stage : pipeline.stages) {
    stage.chunks[0].sendForwardUs = stage.chunks[0].sendBackwardUs = 1;
    stage.chunks[0].sentForward = 10;
    stage.chunks[0].sentBackward = 20;
  }
  // The last stage has micro-batch 0 at 14, ends it at 32 and micro-batch 1,
  // which waited, at 50; its gradient is back with the first at 50 + 1 + 12 + 1
  // and done at 76.
  EXPECT_DOUBLE_EQ(simulated(pipeline).makespan, 76);
  // The last stage's sends of gradients: micro-batch 1 begins at 33 only.
  pipeline.transfers = Transfers::Blocking;
  Timeline timeline = simulated(pipeline);
  EXPECT_DOUBLE_EQ(timeline.makespan, 77);
  int64_t sent = 0;
  for (const Track &track : timeline.tracks)
    if (llvm::StringRef(track.name).ends_with("sends"))
      for (const Event &event : track.events)
        sent += event.bytes;
  EXPECT_EQ(sent, 2 * 2 * (10 + 20));
}

TEST(Pipeline, OnceAStep) {
  Pipeline pipeline = even(ScheduleKind::OneForwardOneBackward, 2, 3, 1);
  for (Stage &stage : pipeline.stages) {
    stage.gatherUs = 2;
    stage.syncUs = 5;
    stage.updateUs = 3;
  }
  Timeline timeline = simulated(pipeline);
  EXPECT_DOUBLE_EQ(timeline.makespan, 18 * 4 + 10);
  EXPECT_DOUBLE_EQ(timeline.ranks[0].exposed, 7);
  EXPECT_DOUBLE_EQ(estimateStep(pipeline), timeline.makespan);
}

TEST(Pipeline, RefusesUnlikeNumbersOfChunks) {
  Pipeline pipeline = even(ScheduleKind::Interleaved, 2, 4, 2);
  pipeline.stages[1].chunks.pop_back();
  llvm::Expected<Timeline> timeline = simulate(pipeline);
  ASSERT_FALSE(bool(timeline));
  EXPECT_EQ(llvm::toString(timeline.takeError()),
            "stage 1 has 1 chunks, and stage 0 has 2");
}

namespace {
/// How far simulations of random stages are above the estimate.
struct Excess {
  unsigned above = 0; ///< So many of all.
  double most = 0;    ///< Part of the estimate.
};
/// What differs in a pipeline.
struct Spread {
  double low, high; ///< Backward as a multiple of forward.
  double chunks;    ///< Forward of a stage's slowest chunk to its fastest.
};
} // namespace

static constexpr unsigned kCases = 2000;

static Excess compare(ScheduleKind kind, const Spread &spread) {
  Excess excess;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    auto between = [&](double from, double to) {
      return from + (to - from) * (engine() % 10000) / 10000.0;
    };
    unsigned p = 1 + engine() % 8;
    unsigned v = kind == ScheduleKind::Interleaved ? 2 + engine() % 3 : 1;
    unsigned m = (v > 1 ? p : 1) + engine() % 24;
    Pipeline pipeline = even(kind, p, m, v);
    pipeline.transfers =
        engine() % 2 ? Transfers::Blocking : Transfers::Overlapped;
    for (Stage &stage : pipeline.stages) {
      double scale = between(1, 3);
      for (Chunk &chunk : stage.chunks) {
        chunk.forwardUs = scale * between(1, spread.chunks);
        chunk.backwardUs = chunk.forwardUs * between(spread.low, spread.high);
        chunk.sendForwardUs = between(0, 0.2);
        chunk.sendBackwardUs = between(0, 0.2);
      }
      stage.gatherUs = between(0, 1);
      stage.syncUs = between(0, 1);
    }
    double time = simulated(pipeline).makespan;
    EXPECT_LE(boundStep(pipeline), time * (1 + 1e-12));
    double above = time / estimateStep(pipeline) - 1;
    excess.above += above > 1e-9;
    excess.most = std::max(excess.most, above);
  }
  std::printf("%s, backward %g to %g times forward, chunks within %g: "
              "%u of %u above the estimate, by %.2f %% at most\n",
              stringify(kind).data(), spread.low, spread.high, spread.chunks,
              excess.above, kCases, 100 * excess.most);
  return excess;
}

TEST(Pipeline, NoSimulationOfGPipeIsAboveTheEstimate) {
  EXPECT_EQ(compare(ScheduleKind::GPipe, {1, 3, 1}).above, 0u);
}

TEST(Pipeline, FewOf1F1BAreAboveTheEstimate) {
  Excess excess = compare(ScheduleKind::OneForwardOneBackward, {1, 3, 1});
  EXPECT_LT(excess.above, 0.005 * kCases);
  EXPECT_LT(excess.most, 0.02);
}

/// The more the chunks of a stage differ the worse: in turns they are each a
/// bottleneck.
TEST(Pipeline, InterleavedAboveTheEstimate) {
  Excess alike = compare(ScheduleKind::Interleaved, {2, 2, 1});
  EXPECT_LT(alike.above, 0.05 * kCases);
  EXPECT_LT(alike.most, 0.05);
  EXPECT_LT(compare(ScheduleKind::Interleaved, {2, 2, 1.5}).most, 0.1);
  EXPECT_LT(compare(ScheduleKind::Interleaved, {1, 3, 1.5}).most, 0.25);
}

/// 65,536 tasks.
TEST(Pipeline, ALargeOneTakesMilliseconds) {
  Pipeline pipeline = even(ScheduleKind::Interleaved, 16, 256, 4);
  for (Stage &stage : pipeline.stages)
    for (Chunk &chunk : stage.chunks)
      chunk.sendForwardUs = chunk.sendBackwardUs = 0.01;
  auto start = std::chrono::steady_clock::now();
  simulated(pipeline);
  std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - start;
  std::printf("%g ms\n", took.count());
  EXPECT_LT(took.count(), 500);
}
