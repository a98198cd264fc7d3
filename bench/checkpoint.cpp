// One rank that saves or loads a sharded state as a training program does, on
// demand: for each line of input, a number, so often; and a line of JSON with
// the milliseconds of each. bench/checkpoint.py runs the ranks side by side.
//
//     bench-checkpoint save|load DIR TENSORS RANK RANKS RUN
//
// The state is that of bench/peers/torch_checkpoint.py: fp32 matrices of 2048
// by 4096, sharded by rows; every element of matrix k is its row plus k / 64.
#include "runtime/checkpoint/Saver.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

using namespace vescale::runtime;

namespace {

constexpr int64_t rows = 2048, columns = 4096;

Manifest makeManifest(int64_t tensors, int64_t ranks) {
  Manifest manifest;
  manifest.mesh.axes.emplace_back("dp", ranks);
  for (int64_t i = 0; i < tensors; ++i) {
    static const char *const kinds[] = {"", "#exp_avg", "#exp_avg_sq"};
    Parameter parameter;
    parameter.name = cat("h.", i / 3, ".weight", kinds[i % 3]);
    parameter.dtype = VS_F32;
    parameter.shape = {rows, columns};
    parameter.source.shape = parameter.shape;
    parameter.view = {0, denseStrides(parameter.shape)};
    parameter.layout.dims = {{{0, 1, ranks}}, {}};
    parameter.init = 0;
    manifest.parameters.push_back(parameter);
  }
  return manifest;
}

/// A rank's shards in one arena, as a program has them.
class Memory {
public:
  Memory(int64_t tensors, int64_t rank, int64_t ranks)
      : tensors(tensors), firstRow(rank * (rows / ranks)),
        shardRows(rows / ranks), arena(tensors * shardRows * columns * 4) {
    if (rows % ranks != 0)
      fail(ExitCode::Usage, ranks, " ranks don't divide ", rows, " rows");
    forEachElement([](float &element, float) { element = 0; });
  }

  std::vector<char *> places() const {
    std::vector<char *> result;
    for (int64_t i = 0; i < tensors; ++i)
      result.push_back(arena.data() + i * shardRows * columns * 4);
    return result;
  }
  void fill() {
    forEachElement([](float &element, float value) { element = value; });
  }
  void check() {
    bool same = true;
    forEachElement(
        [&](float &element, float value) { same &= element == value; });
    if (!same)
      fail(ExitCode::RunFailed, "what was loaded is not what was saved");
  }

private:
  template <typename Body> void forEachElement(Body body) {
    auto *element = reinterpret_cast<float *>(arena.data());
    for (int64_t i = 0; i < tensors; ++i)
      for (int64_t row = 0; row < shardRows; ++row)
        for (int64_t column = 0; column < columns; ++column)
          body(*element++,
               static_cast<float>(firstRow + row) + static_cast<float>(i) / 64);
  }

  const int64_t tensors, firstRow, shardRows;
  Arena arena;
};

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Runs the step once, and then as often as each line of input says.
template <typename Step> void serve(Step step) {
  step();
  nlohmann::json ready = {{"ready_at", now()}, {"losses", {0}}};
  std::cout << ready.dump() << std::endl;
  for (int count; std::cin >> count;) {
    nlohmann::json answer = {{"times", nlohmann::json::array()}};
    while (count-- > 0) {
      double begin = now();
      nlohmann::json more = step();
      answer["times"].push_back((now() - begin) * 1e3);
      answer.update(more);
    }
    std::cout << answer.dump() << std::endl;
  }
}

void run(const std::string &kind, const std::string &dir, int64_t tensors,
         int64_t rank, int64_t ranks, uint64_t runNumber) {
  setThreadCount(coreCount(allowedCores()) / static_cast<int>(ranks));
  Memory memory(tensors, rank, ranks);
  ChunkPlan plan = planChunks(stateOf(makeManifest(tensors, ranks)));
  RankState state(plan, static_cast<int>(rank), memory.places());
  if (kind == "load")
    return serve([&, first = true]() mutable -> nlohmann::json {
      SavedStep step(systemFiles(), dir);
      state.load(step);
      if (std::exchange(first, false))
        memory.check();
      return nlohmann::json::object();
    });
  if (kind != "save")
    fail(ExitCode::Usage, "'", kind, "' is neither save nor load");
  memory.fill();
  Saver saver(systemFiles(), state, {dir, runNumber, {}, /*keep=*/1, {}});
  serve([&, progress = Progress()]() mutable -> nlohmann::json {
    ++progress.step;
    double begin = now();
    saver.snapshot(progress);
    double waited = now() - begin;
    saver.wait();
    return {{"snapshot_ms", waited * 1e3}};
  });
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 7) {
    std::cerr << "usage: " << argv[0]
              << " save|load DIR TENSORS RANK RANKS RUN\n";
    return 2;
  }
  try {
    run(argv[1], argv[2], std::atoll(argv[3]), std::atoll(argv[4]),
        std::atoll(argv[5]), std::strtoull(argv[6], nullptr, 10));
  } catch (const Failure &failure) {
    reportFailure(failure, static_cast<int>(std::atoll(argv[4])), 1);
    return static_cast<int>(failure.code);
  }
  return 0;
}
