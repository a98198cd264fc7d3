// A save that is cut off, or fails, anywhere: the old step or the new one is
// there, whole.
#include "runtime/core/Error.h"
#include "test/Runtime/Checkpoint/MemoryFiles.h"
#include "test/Runtime/Checkpoint/Worlds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

using namespace vescale::runtime;
using namespace vescale::test;
using Unsynced = MemoryFiles::Unsynced;
namespace fs = std::filesystem;

namespace {

/// Step 1 is there and the old model's; step 2 is being saved, after which only
/// one step is to be kept. What a third save left is there too.
class InterruptedSave : public testing::Test {
protected:
  InterruptedSave()
      : source((fs::temp_directory_path() /
                ("vescale-crash-" + std::to_string(getpid())))
                   .string()) {
    Random random(5);
    before = Model::random(random, source);
    after = before.changed(random);
    world = std::make_unique<World>(simpleManifest(before, 6));
  }
  ~InterruptedSave() override { fs::remove(source); }

  std::unique_ptr<MemoryFiles> start() {
    auto files = std::make_unique<MemoryFiles>();
    world->fill(before);
    world->save(*files, "/a/ckpt", 1, 100, 0, writeBytes);
    files->makeDirectory("/a/ckpt/.saving-0000000000000007-00000000-x");
    int file =
        files->openWrite("/a/ckpt/.saving-0000000000000007-00000000-x/y");
    files->write(file, "torn", 4);
    files->close(file);
    files = files->afterCrash(Unsynced::Kept, 0);
    world->fill(after);
    return files;
  }
  void save(MemoryFiles &files) {
    world->save(files, "/a/ckpt", 2, 200, 1, writeBytes);
  }

  /// Loads the newest step into all ranks; it must be one of the two. Returns
  /// its number.
  int64_t check(MemoryFiles &files) {
    SavedStep step(files, "/a/ckpt");
    step.verify();
    int64_t number = step.index().progress.step;
    world->scramble();
    world->load(files, "/a/ckpt");
    EXPECT_EQ(world->difference(number == 1 ? before : after), "");
    world->fill(after);
    return number;
  }

  static constexpr int64_t writeBytes = 40;
  std::string source;
  Model before, after;
  std::unique_ptr<World> world;
};

TEST_F(InterruptedSave, LeavesTheOldStepOrTheNew) {
  auto whole = start();
  save(*whole);
  int64_t points = whole->changes();
  EXPECT_EQ(check(*whole), 2);
  EXPECT_GE(points, 300);
  int64_t old = 0, fresh = 0, firstFresh = points;
  for (int64_t point = 1; point <= points + 1; ++point) {
    auto files = start();
    files->killAt(point);
    bool finished = false;
    try {
      save(*files);
      finished = true;
    } catch (const MemoryFiles::Killed &) {
    }
    EXPECT_EQ(finished, point > points);
    std::vector<std::unique_ptr<MemoryFiles>> found;
    found.push_back(files->afterCrash(Unsynced::Lost, 0));
    found.push_back(files->afterCrash(Unsynced::Kept, 0));
    for (uint64_t seed = 0; seed < 4; ++seed)
      found.push_back(files->afterCrash(Unsynced::Random, point * 10 + seed));
    for (auto &crashed : found) {
      SCOPED_TRACE(point);
      int64_t step = check(*crashed);
      (step == 1 ? old : fresh) += 1;
      // Once it is said to be saved it stays.
      if (finished)
        EXPECT_EQ(step, 2);
      if (step == 2)
        firstFresh = std::min(firstFresh, point);
      // The next save works and leaves nothing but steps.
      if (point % 7 == 0) {
        world->save(*crashed, "/a/ckpt", 3, 300, 1, 1 << 20);
        std::vector<FileOps::Entry> entries;
        crashed->list("/a/ckpt", entries);
        ASSERT_EQ(entries.size(), 1u);
        EXPECT_EQ(entries[0].name, "step-00000003");
      }
    }
  }
  EXPECT_GT(old, 300);
  EXPECT_GT(fresh, 30);
  EXPECT_GT(firstFresh, points / 2);
}

TEST_F(InterruptedSave, WhatIsSaidToBeSavedStays) {
  auto files = start();
  world->save(*files, "/a/ckpt", 2, 200, /*keep=*/0, writeBytes);
  EXPECT_EQ(check(*files->afterCrash(Unsynced::Lost, 0)), 2);
}

TEST_F(InterruptedSave, SaysWhenAnOperationFails) {
  auto whole = start();
  save(*whole);
  int refused = 0;
  for (int64_t point = 1; point <= whole->changes(); ++point)
    for (int code : {EIO, ENOSPC}) {
      SCOPED_TRACE(point);
      auto files = start();
      files->failAt(point, code);
      bool finished = false;
      try {
        save(*files);
        finished = true;
      } catch (const Failure &failure) {
        ++refused;
        EXPECT_EQ(failure.code, ExitCode::RunFailed);
        EXPECT_NE(std::string(failure.what()).find("'/a"), std::string::npos)
            << failure.what();
        const char *text =
            code == EIO ? "input/output error" : "no space left on device";
        EXPECT_NE(std::string(failure.what()).find(text), std::string::npos)
            << failure.what();
      }
      int64_t step = check(*files);
      if (finished)
        EXPECT_EQ(step, 2);
    }
  EXPECT_GE(refused, 600);
}

TEST_F(InterruptedSave, AFullDiskLeavesTheOldStep) {
  auto probe = start();
  int64_t used = 0;
  for (const std::string &path : probe->filesBelow("/a/ckpt"))
    used += static_cast<int64_t>(probe->contents(path).size());
  for (int64_t room : {0, 1, 100, 1000, 3000}) {
    auto files = start();
    files->limit(room);
    try {
      save(*files);
      ADD_FAILURE() << "saved " << used << " bytes into " << room;
    } catch (const Failure &failure) {
      EXPECT_NE(std::string(failure.what()).find("no space left on device"),
                std::string::npos)
          << failure.what();
    }
    EXPECT_EQ(check(*files), 1);
    files->limit(MemoryFiles::unlimited);
    world->save(*files, "/a/ckpt", 2, 201, 1, writeBytes);
    EXPECT_EQ(check(*files), 2);
    EXPECT_EQ(files->filesBelow("/a/ckpt").size(),
              files->filesBelow("/a/ckpt/step-00000002").size());
  }
}

TEST_F(InterruptedSave, ShortWritesAreGoneOnWith) {
  auto files = start();
  files->shortWrites(1);
  save(*files);
  EXPECT_EQ(check(*files), 2);
}

TEST_F(InterruptedSave, ARankThatDoesNotComeLeavesTheOldStep) {
  auto files = start();
  Attempt attempt{"/a/ckpt", 2, 200, 0};
  SaveOptions options;
  options.timeoutSeconds = 0.05;
  openAttempt(*files, attempt);
  for (int rank : {0, 1, 2, 4, 5}) {
    std::vector<char> data(world->ranks[rank].file().bytes);
    world->ranks[rank].copyChunks(data.data());
    writeRank(*files, attempt, world->plan, rank, data.data(), options);
  }
  try {
    commitAttempt(*files, attempt, world->plan, {}, options);
    ADD_FAILURE() << "committed";
  } catch (const Failure &failure) {
    EXPECT_NE(std::string(failure.what()).find("rank 3 has not written"),
              std::string::npos)
        << failure.what();
  }
  EXPECT_EQ(check(*files), 1);
}

TEST_F(InterruptedSave, AStepThatIsThereIsKept) {
  auto files = start();
  try {
    world->save(*files, "/a/ckpt", 1, 200, 0, writeBytes);
    ADD_FAILURE() << "replaced";
  } catch (const Failure &failure) {
    EXPECT_NE(std::string(failure.what()).find("is there already"),
              std::string::npos)
        << failure.what();
  }
  EXPECT_EQ(check(*files), 1);
}

} // namespace
