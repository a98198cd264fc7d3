// Saves in the background: what they hold, what they wait for, how they fail.
#include "runtime/checkpoint/Saver.h"

#include "runtime/checkpoint/Files.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"
#include "test/Runtime/Checkpoint/MemoryFiles.h"
#include "test/Runtime/Checkpoint/Worlds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>

using namespace vescale::runtime;
using namespace vescale::test;
namespace fs = std::filesystem;

namespace {

/// Writes wait until the gate is opened.
class GatedFiles : public MemoryFiles {
public:
  int64_t write(int file, const void *data, int64_t bytes) override {
    std::unique_lock<std::mutex> lock(mutex);
    opened.wait(lock, [&] { return isOpen; });
    return MemoryFiles::write(file, data, bytes);
  }
  void open() {
    std::lock_guard<std::mutex> lock(mutex);
    isOpen = true;
    opened.notify_all();
  }

private:
  std::mutex mutex;
  std::condition_variable opened;
  bool isOpen = false;
};

class Savers : public testing::Test {
protected:
  Savers()
      : dir(fs::temp_directory_path() /
            ("vescale-saver-" + std::to_string(getpid()))) {
    fs::create_directories(dir);
    Random random(4);
    model = Model::random(random, dir / "source");
    other = model.changed(random);
    world = std::make_unique<World>(simpleManifest(model, 4));
    world->fill(model);
  }
  ~Savers() override { fs::remove_all(dir); }

  std::vector<std::unique_ptr<Saver>> savers(FileOps &ops,
                                             SaverOptions options) {
    std::vector<std::unique_ptr<Saver>> result;
    for (RankState &rank : world->ranks)
      result.push_back(std::make_unique<Saver>(ops, rank, options));
    return result;
  }
  static Progress at(int64_t step) {
    Progress progress;
    progress.step = step;
    return progress;
  }

  fs::path dir;
  Model model, other;
  std::unique_ptr<World> world;
};

TEST_F(Savers, AStepWaitsForTheSnapshotAlone) {
  GatedFiles files;
  auto all = savers(files, {"/ckpt", 1, {}, 0, {}});
  for (auto &saver : all)
    saver->snapshot(at(1)); // returns although nothing can be written
  world->fill(other);
  EXPECT_TRUE(committedSteps(files, "/ckpt").empty());
  files.open();
  for (auto &saver : all)
    saver->wait();
  EXPECT_EQ(stepDifference(files, "/ckpt", model), "");
}

TEST_F(Savers, ManySavesOnARealDisk) {
  std::string saveDir = dir / "a/b/ckpt/";
  Progress progress;
  {
    auto all = savers(systemFiles(), {saveDir, 1, {}, 2, {}});
    for (int64_t step = 1; step <= 9; ++step) {
      world->fill(step % 2 ? model : other);
      progress = at(step * 50);
      progress.seed = UINT64_MAX;
      progress.randomCounter = 17;
      progress.dataPosition = 8 * step;
      progress.plan = "p";
      progress.program = "q";
      progress.extra = R"({"loss":1.5})";
      for (auto &saver : all)
        saver->snapshot(progress);
    }
    for (auto &saver : all)
      saver->wait();
  }
  EXPECT_EQ(committedSteps(systemFiles(), saveDir),
            (std::vector<int64_t>{400, 450}));
  EXPECT_EQ(std::distance(fs::directory_iterator(saveDir), {}), 2);
  SavedStep step(systemFiles(), saveDir);
  step.verify();
  EXPECT_EQ(step.index().progress.step, 450);
  EXPECT_EQ(step.index().progress.seed, UINT64_MAX);
  EXPECT_EQ(step.index().progress.randomCounter, 17u);
  EXPECT_EQ(step.index().progress.dataPosition, 72);
  EXPECT_EQ(step.index().progress.plan, "p");
  EXPECT_EQ(step.index().progress.program, "q");
  EXPECT_EQ(step.index().progress.extra, R"({"loss":1.5})");
  EXPECT_EQ(stepDifference(systemFiles(), saveDir, model), "");
  world->scramble();
  world->load(systemFiles(), saveDir);
  EXPECT_EQ(world->difference(model), "");
}

// Past the page cache go whole sectors of aligned memory; what is neither takes
// another way, and the file has all of it in order.
TEST_F(Savers, APassedCacheChangesNoByte) {
  std::string path = dir / "direct", want;
  OutputFile file(systemFiles(), path);
  file.passCache();
  Arena arena(1 << 20);
  Random random(6);
  for (int64_t i = 0; i < 1 << 20; ++i)
    arena.data()[i] = static_cast<char>(random());
  auto write = [&](int64_t from, int64_t bytes) {
    file.write(arena.data() + from, bytes);
    want.append(arena.data() + from, bytes);
  };
  write(0, 1 << 20);
  write(8192, 4096);
  write(1, 4096);
  write(4096, 8192);
  write(4096, 777);
  write(0, 8192);
  file.sync();
  EXPECT_TRUE(readWhole(systemFiles(), path, "file", 1 << 30) == want);
}

TEST_F(Savers, FailuresComeWithTheNextCall) {
  MemoryFiles files;
  auto all = savers(files, {"/ckpt", 1, {}, 0, {}});
  files.limit(10);
  for (auto &saver : all)
    saver->snapshot(at(1));
  auto expectFull = [](const std::function<void()> &call) {
    try {
      call();
      ADD_FAILURE() << "no failure";
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::RunFailed);
      EXPECT_NE(std::string(failure.what()).find("no space left on device"),
                std::string::npos)
          << failure.what();
      EXPECT_NE(std::string(failure.what()).find("rank-0000"),
                std::string::npos)
          << failure.what();
    }
  };
  expectFull([&] { all[1]->snapshot(at(2)); });
  expectFull([&] { all[2]->wait(); });
  EXPECT_NO_THROW(all[2]->wait()); // once
}

TEST_F(Savers, ADirectoryWithLaterStepsIsRefused) {
  MemoryFiles files;
  world->save(files, "/ckpt", 50, 1);
  auto refused = [&](std::optional<int64_t> resumed) {
    try {
      savers(files, {"/ckpt", 2, resumed, 0, {}});
      return std::string();
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::BadInput);
      return std::string(failure.what());
    }
  };
  EXPECT_NE(refused({}).find("has step-00000050 already"), std::string::npos);
  EXPECT_NE(refused(40).find("starts from step-00000040"), std::string::npos);
  EXPECT_EQ(refused(50), "");
}

TEST_F(Savers, WhatWillNotBeWaitedForIsGivenUp) {
  MemoryFiles files;
  SaverOptions options{"/ckpt", 1, {}, 0, {}};
  Saver lonely(files, world->ranks[0], options);
  lonely.snapshot(at(1)); // waits for the others' records; the end must not
}

// A rank may begin its next save before rank 0 has ended this one.
TEST_F(Savers, LeftoversAreOtherRunsAndEarlierSaves) {
  MemoryFiles files;
  makeDirectories(files, "/ckpt");
  for (uint64_t run : {3, 4, 5})
    for (uint64_t number : {0, 1, 2})
      openAttempt(files, {"/ckpt", 9, run, number});
  removeLeftovers(files, {"/ckpt", 9, 4, 1});
  std::vector<std::string> left = leftovers(files, "/ckpt");
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ("/ckpt/" + left[0], Attempt({"/ckpt", 9, 4, 1}).path());
  EXPECT_EQ("/ckpt/" + left[1], Attempt({"/ckpt", 9, 4, 2}).path());
}

} // namespace
