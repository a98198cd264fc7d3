// Saves and loads a checkpoint beside `dd`, which writes and reads as many
// bytes of the same disk. Both wait for the disk when they write, and find
// nothing in memory when they read; they alternate, so that a disk that drifts
// drifts for both. Prints medians and ratios of speed as JSON.
//
//     bench-checkpoint DIR [BYTES=1e9] [REPEATS=7]
#include "runtime/checkpoint/Saver.h"
#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

using namespace vescale::runtime;
namespace fs = std::filesystem;

namespace {

constexpr int64_t rows = 2048;

/// Weights and their two moments, in matrices of a transformer's size, with
/// their rows sharded over the ranks.
Manifest stateOfBytes(int64_t bytes, int64_t ranks) {
  Manifest manifest;
  manifest.mesh.axes.emplace_back("dp", ranks);
  int64_t columns = 2048, matrices = bytes / (3 * rows * columns * 4) + 1;
  for (int64_t i = 0; i < matrices; ++i)
    for (const char *kind : {"", "#exp_avg", "#exp_avg_sq"}) {
      Parameter parameter;
      parameter.name = cat("h.", i, ".weight", kind);
      parameter.dtype = VS_F32;
      parameter.shape = {rows, bytes / (3 * matrices * rows * 4)};
      parameter.source.shape = parameter.shape;
      parameter.view = {0, denseStrides(parameter.shape)};
      parameter.layout.dims = {{{0, 1, ranks}}, {}};
      parameter.init = 0;
      manifest.parameters.push_back(parameter);
    }
  return manifest;
}

/// All ranks of a program and their memory.
struct World {
  World(int64_t bytes, int64_t size)
      : plan(planChunks(stateOf(stateOfBytes(bytes, size)))) {
    for (int64_t rank = 0; rank < size; ++rank) {
      std::vector<char *> places;
      for (const StateTensor &tensor : plan.state.tensors) {
        memory.emplace_back(tensor.bytes() / 4 / size);
        places.push_back(reinterpret_cast<char *>(memory.back().data()));
      }
      ranks.emplace_back(plan, static_cast<int>(rank), places);
    }
  }

  /// All ranks at once, as their processes would.
  void load(const fs::path &path) {
    std::vector<std::thread> threads;
    for (RankState &rank : ranks)
      threads.emplace_back([&] {
        SavedStep step(systemFiles(), path);
        rank.load(step);
      });
    for (std::thread &thread : threads)
      thread.join();
  }
  void save(const fs::path &path) {
    std::vector<std::unique_ptr<Saver>> savers;
    for (RankState &rank : ranks)
      savers.push_back(std::make_unique<Saver>(
          systemFiles(), rank, SaverOptions{path, 1, {}, 0, {}}));
    for (auto &saver : savers)
      saver->snapshot({});
    for (auto &saver : savers)
      saver->wait();
  }

  ChunkPlan plan;
  std::vector<std::vector<float>> memory;
  std::vector<RankState> ranks;
};

template <typename Body> double seconds(Body body) {
  auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

void dd(const std::string &operands) {
  if (std::system(cat("dd status=none bs=4M ", operands).c_str()) != 0)
    fail(ExitCode::RunFailed, "dd ", operands, " failed");
}

/// Makes the kernel forget the pages of the directory's files.
void forget(const fs::path &directory) {
  for (const auto &entry : fs::recursive_directory_iterator(directory)) {
    int file = open(entry.path().c_str(), O_RDONLY);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DIR [BYTES] [REPEATS]\n", argv[0]);
    return 2;
  }
  fs::path dir = fs::path(argv[1]) / "bench-checkpoint";
  auto bytes = static_cast<int64_t>(argc > 2 ? std::atof(argv[2]) : 1e9);
  int repeats = argc > 3 ? std::atoi(argv[3]) : 7;
  try {
    World world(bytes, 1);
    std::mt19937 random(1);
    for (std::vector<float> &tensor : world.memory)
      for (float &value : tensor)
        value = static_cast<float>(random());
    RankState &state = world.ranks[0];
    const RankFile &file = state.file();
    int64_t total = file.bytes;
    std::vector<double> snapshot, save, ddWrite, load, ddRead;
    setThreadCount(coreCount(allowedCores()));
    fs::remove_all(dir);
    fs::create_directories(dir);
    auto saver = std::make_unique<Saver>(
        systemFiles(), state, SaverOptions{dir / "ckpt", 1, {}, 0, {}});
    auto saveStep = [&](int step) {
      Progress progress;
      progress.step = step;
      double copying = seconds([&] { saver->snapshot(progress); });
      double writing = seconds([&] { saver->wait(); });
      snapshot.push_back(copying);
      save.push_back(copying + writing);
    };
    auto writeFile = [&] {
      ddWrite.push_back(seconds([&] {
        dd(cat("if=/dev/zero of=", dir.string(), "/dd count=", total,
               " iflag=count_bytes conv=fsync"));
      }));
    };
    auto loadStep = [&] {
      forget(dir);
      load.push_back(seconds([&] {
        SavedStep step(systemFiles(), dir / "ckpt");
        state.load(step);
      }));
    };
    auto readFile = [&](int step) {
      forget(dir);
      ddRead.push_back(seconds([&] {
        dd(cat("of=/dev/null if=", dir.string(), "/ckpt/", stepName(step), "/",
               file.name));
      }));
    };
    for (int i = 0; i < repeats; ++i) {
      if (i % 2) {
        saveStep(i);
        writeFile();
        loadStep();
        readFile(i);
      } else {
        writeFile();
        saveStep(i);
        readFile(i);
        loadStep();
      }
      fs::remove(dir / "dd");
      fs::remove_all(dir / "ckpt" / stepName(i));
    }
    saver.reset();
    // From 2 ranks to 4 to 1; the files may still be in memory.
    std::vector<double> two, four;
    {
      World before(bytes, 2), between(bytes, 4);
      before.save(dir / "two");
      between.save(dir / "four");
      for (int i = 0; i < repeats; ++i) {
        two.push_back(seconds([&] { between.load(dir / "two"); }));
        four.push_back(seconds([&] { world.load(dir / "four"); }));
      }
    }
    fs::remove_all(dir);
    auto ms = [](const std::vector<double> &times) {
      return median(times) * 1e3;
    };
    // Of medians; and of each run with its neighbour, which a disk that drifts
    // disturbs less.
    auto ratio = [](const std::vector<double> &peer,
                    const std::vector<double> &ours) {
      std::vector<double> ratios;
      for (size_t i = 0; i < ours.size(); ++i)
        ratios.push_back(peer[i] / ours[i]);
      return median(ratios);
    };
    nlohmann::ordered_json json = {{"bytes", total},
                                   {"repeats", repeats},
                                   {"snapshot_ms", ms(snapshot)},
                                   {"save_ms", ms(save)},
                                   {"dd_write_ms", ms(ddWrite)},
                                   {"save_speed_of_dd", ratio(ddWrite, save)},
                                   {"load_ms", ms(load)},
                                   {"dd_read_ms", ms(ddRead)},
                                   {"load_speed_of_dd", ratio(ddRead, load)},
                                   {"reshard_load_2_to_4_ms", ms(two)},
                                   {"reshard_load_4_to_1_ms", ms(four)}};
    std::printf("%s\n", json.dump(1).c_str());
  } catch (const Failure &failure) {
    reportFailure(failure, 0, 1);
    return static_cast<int>(failure.code);
  }
  return 0;
}
