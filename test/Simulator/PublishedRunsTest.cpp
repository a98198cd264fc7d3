//===- PublishedRunsTest.cpp - Trainings that were published ----*- C++ -*-===//
//
// Steps of published trainings, simulated on the presets of their machines, and
// held against what was published. docs/Design/simulator.md says what is
// assumed; the presets' slowdown is all that is fitted.
//
//===----------------------------------------------------------------------===//
#include "Transformer.h"
#include "vescale/Simulator/Pipeline.h"
#include <gtest/gtest.h>

using namespace vescale;
using namespace vescale::simulator;

namespace {
struct PublishedRun {
  const char *machine;
  Transformer model;
  Program program;
  int64_t stages, chunks, dataParallel;
  int64_t sequences; ///< Of a data parallel rank, a micro-batch each.
  int64_t endLayers; ///< In the model's first chunk and in its last.
  Transfers transfers;
  /// Parameters and gradients of all chunks but one are exchanged beside work.
  bool overlapsDataParallel;
  double utilization; ///< As published.
  double seconds = 0; ///< 0: not published.

  int64_t devices() const {
    return stages * dataParallel * program.tensorParallel;
  }
};

class PublishedStep {
public:
  PublishedStep(const PublishedRun &run, const Machine &machine)
      : run(run), machine(machine), work(run.model, run.program) {}

  /// Of the step's time that the model's own operations take at the peak.
  double utilization(double seconds) const {
    double flops = run.model.modelFlops() * run.model.sequence * run.sequences *
                   run.dataParallel;
    return flops /
           (seconds * run.devices() * machine.device.peakFlops.at("bf16"));
  }

  double seconds() const {
    llvm::Expected<Timeline> timeline = simulate(pipeline());
    EXPECT_TRUE(bool(timeline));
    return timeline->makespan / 1e6;
  }

private:
  Pipeline pipeline() const;
  Stage stage(int64_t number) const;
  Chunk chunk(int64_t place) const;

  const PublishedRun &run;
  const Machine &machine;
  LayerWork work;
};
} // namespace

Chunk PublishedStep::chunk(int64_t place) const {
  int64_t last = run.stages * run.chunks - 1;
  int64_t layers = run.endLayers;
  if (place != 0 && place != last)
    layers = (run.model.layers - 2 * run.endLayers) / (last - 1);
  WorkTime forward, backward;
  for (int64_t layer = 0; layer < layers; ++layer) {
    forward += timeOf(work.forward(), machine);
    backward += timeOf(work.backward(), machine);
  }
  if (place == 0) {
    forward += timeOf(work.embeddingForward(), machine);
    backward += timeOf(work.embeddingBackward(), machine);
  }
  if (place == last) {
    forward += timeOf(work.headForward(), machine);
    backward += timeOf(work.headBackward(), machine);
  }
  Chunk chunk;
  chunk.forwardUs = forward.total();
  chunk.backwardUs = backward.total();
  DeviceGroup neighbours;
  neighbours.axes.push_back({2, run.program.tensorParallel});
  chunk.sentForward = chunk.sentBackward = work.boundaryBytes();
  chunk.sendForwardUs = chunk.sendBackwardUs = machine.collectiveTime(
      Collective::Send, work.boundaryBytes(), neighbours);
  return chunk;
}

Stage PublishedStep::stage(int64_t number) const {
  Stage stage;
  for (int64_t c = 0; c < run.chunks; ++c)
    stage.chunks.push_back(chunk(c * run.stages + number));
  double parameters = (run.model.layers * run.model.layerParameters() +
                       2 * run.model.headParameters()) /
                      run.stages / run.program.tensorParallel;
  double exposed = run.overlapsDataParallel ? 1.0 / run.chunks : 1;
  DeviceGroup replicas;
  replicas.axes.push_back(
      {run.dataParallel, run.stages * run.program.tensorParallel});
  auto exchange = [&](Collective kind, double bytes) {
    return exposed *
           machine.collectiveTime(kind, static_cast<int64_t>(bytes), replicas);
  };
  // Parameters in bf16, gradients in f32.
  stage.gatherUs = exchange(Collective::AllGather, 2 * parameters);
  stage.syncUs = exchange(Collective::ReduceScatter, 4 * parameters);
  // Parameter and two moments in f32 are read and written, the gradient read
  // and the parameter in bf16 written.
  stage.updateUs = machine.streamTime(0, 30 * parameters / run.dataParallel);
  return stage;
}

Pipeline PublishedStep::pipeline() const {
  Pipeline pipeline;
  pipeline.schedule = ScheduleKind::Interleaved;
  pipeline.transfers = run.transfers;
  pipeline.microBatches = run.sequences;
  for (int64_t number = 0; number < run.stages; ++number)
    pipeline.stages.push_back(stage(number));
  return pipeline;
}

/// Predicted utilization, which is also printed.
static double predict(const char *name, const PublishedRun &run) {
  llvm::Expected<Machine> machine =
      Machine::read(run.machine + (":" + std::to_string(run.devices())));
  if (!machine) {
    ADD_FAILURE() << llvm::toString(machine.takeError());
    return 0;
  }
  PublishedStep step(run, *machine);
  double seconds = step.seconds(), utilization = step.utilization(seconds);
  std::printf("%s, %lld: %.1f %% in %.2f s, published %.1f %%", name,
              static_cast<long long>(run.devices()), 100 * utilization, seconds,
              100 * run.utilization);
  if (run.seconds) {
    std::printf(" in %.2f s", run.seconds);
    // That the operations are counted alike.
    EXPECT_NEAR(step.utilization(run.seconds), run.utilization,
                0.01 * run.utilization);
  }
  std::printf(" (%+.1f %%)\n", 100 * (utilization / run.utilization - 1));
  return utilization;
}

static void expectWithin(double part, const char *name,
                         const PublishedRun &run) {
  EXPECT_NEAR(predict(name, run), run.utilization, part * run.utilization);
}

/// Dubey et al. 2024, table 4. The model's first chunk is the embedding and its
/// last one the head; each other has one layer.
static PublishedRun llama(int64_t dataParallel, double utilization) {
  Transformer model{126, 16384, 53248, 128, 8, 128256, 8192, true, false, 8192};
  // FlashAttention-2 on H100: 335 TFLOPS (Dao 2023).
  Program program{8, false, 335.0 / 989.4};
  return {"dgx-h100",
          model,
          program,
          16,
          8,
          dataParallel,
          2048 / dataParallel,
          0,
          Transfers::Overlapped,
          true,
          utilization};
}

/// Jiang et al. 2024, table 2.
static constexpr Transformer kGpt175B{96,    12288, 4 * 12288, 96,    96,
                                      64000, 2048,  false,     false, 2048};

static PublishedRun megatron(int64_t devices, int64_t batch, double utilization,
                             double seconds) {
  // FlashAttention reaches 25 to 40 % of an A100's peak (Dao 2023).
  Program program{8, false, 0.325};
  return {"dgx-a100",
          kGpt175B,
          program,
          8,
          6,
          devices / 64,
          batch * 64 / devices,
          2,
          Transfers::Blocking,
          false,
          utilization,
          seconds};
}

static PublishedRun megaScale(int64_t devices, int64_t batch,
                              double utilization, double seconds) {
  Transformer model = kGpt175B;
  model.isParallelBlock = true;
  // Not published; as many keys as its operations were counted for.
  model.window = 768;
  // FlashAttention-2 reaches 50 to 73 % (Dao 2023).
  Program program{8, true, 0.615};
  return {"dgx-a100",
          model,
          program,
          8,
          6,
          devices / 64,
          batch * 64 / devices,
          2,
          Transfers::Overlapped,
          true,
          utilization,
          seconds};
}

TEST(PublishedRuns, Llama3) {
  expectWithin(0.01, "LLaMA-3 405B", llama(64, 0.43)); // fitted
  expectWithin(0.1, "LLaMA-3 405B", llama(128, 0.41));
}

TEST(PublishedRuns, MegatronLM) {
  expectWithin(0.01, "Megatron-LM 175B",
               megatron(256, 768, 0.530, 40.0)); // fitted
  for (auto [devices, batch, utilization, seconds] :
       {std::tuple(512, 768, 0.499, 21.2), std::tuple(768, 768, 0.467, 15.2),
        std::tuple(1024, 768, 0.447, 11.9),
        std::tuple(3072, 6144, 0.487, 29.02),
        std::tuple(6144, 6144, 0.478, 14.78),
        std::tuple(8192, 6144, 0.433, 12.24)})
    expectWithin(0.1, "Megatron-LM 175B",
                 megatron(devices, batch, utilization, seconds));
  expectWithin(0.01, "Megatron-LM 175B",
               megatron(12288, 6144, 0.412, 8.57)); // fitted
}

TEST(PublishedRuns, MegaScale) {
  for (auto [devices, batch, utilization, seconds] :
       {std::tuple(256, 768, 0.653, 32.0), std::tuple(512, 768, 0.635, 16.5),
        std::tuple(768, 768, 0.613, 11.5), std::tuple(1024, 768, 0.590, 8.9),
        std::tuple(3072, 6144, 0.591, 23.66),
        std::tuple(6144, 6144, 0.573, 12.21),
        std::tuple(8192, 6144, 0.549, 9.56),
        std::tuple(12288, 6144, 0.552, 6.34)})
    expectWithin(0.1, "MegaScale 175B",
                 megaScale(devices, batch, utilization, seconds));
}
