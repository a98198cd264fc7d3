// What one layout saves any other loads, bit by bit.
#include "runtime/checkpoint/Files.h"
#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"
#include "test/Runtime/Checkpoint/MemoryFiles.h"
#include "test/Runtime/Checkpoint/Worlds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <set>

using namespace vescale::runtime;
using namespace vescale::test;
namespace fs = std::filesystem;

namespace {

class CheckpointRoundTrip : public testing::Test {
protected:
  CheckpointRoundTrip()
      : source((fs::temp_directory_path() /
                ("vescale-roundtrip-" + std::to_string(getpid())))
                   .string()) {}
  ~CheckpointRoundTrip() override { fs::remove(source); }

  std::string source;
};

TEST_F(CheckpointRoundTrip, AnyLayoutLoadsWhatAnyLayoutSaved) {
  int resized = 0, unused = 0, chunked = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Model model = Model::random(random, source);
    World one(randomManifest(random, model));
    World other(randomManifest(random, model));
    resized += one.manifest.mesh.size() != other.manifest.mesh.size();
    for (const StateTensor &tensor : other.plan.state.tensors)
      for (const StateView &view : tensor.views)
        unused += !view.parameter;
    chunked += one.plan.chunks.size() > one.plan.state.tensors.size();

    MemoryFiles files;
    one.fill(model);
    one.save(files, "/ckpt", 1, seed);
    ASSERT_EQ(stepDifference(files, "/ckpt", model), "");
    other.scramble();
    other.load(files, "/ckpt");
    ASSERT_EQ(other.difference(model), "");
    // What no program holds is saved again too.
    other.save(files, "/ckpt", 2, seed);
    ASSERT_EQ(stepDifference(files, "/ckpt/step-00000002", model), "");
    one.scramble();
    one.load(files, "/ckpt/step-00000002");
    ASSERT_EQ(one.difference(model), "");
  }
  EXPECT_GT(resized, 200);
  EXPECT_GT(unused, 100);
  EXPECT_GT(chunked, 200);
}

TEST_F(CheckpointRoundTrip, AFileIsTheSafetensorsFileOfItsChunks) {
  Random random(1);
  Model model = Model::random(random, source);
  World world(simpleManifest(model, 4));
  MemoryFiles files;
  world.fill(model);
  world.save(files, "/ckpt", 7, 1);
  EXPECT_EQ(committedSteps(files, "/ckpt"), std::vector<int64_t>{7});
  SavedStep step(files, "/ckpt");
  EXPECT_NO_THROW(step.verify());
  EXPECT_EQ(step.index().progress.step, 7);
  std::vector<std::string> names = files.filesBelow("/ckpt");
  EXPECT_EQ(names.size(), step.index().files.size() + 2); // no records are left
}

TEST_F(CheckpointRoundTrip, WholeTensorsKeepTheirName) {
  Random random(2);
  Model model = Model::random(random, source);
  World world(simpleManifest(model, 1));
  std::set<std::string> names;
  for (const Chunk &chunk : world.plan.chunks)
    names.insert(chunk.name);
  for (const Tensor &tensor : model.tensors)
    if (!tensor.data.empty())
      EXPECT_TRUE(names.count(tensor.name)) << tensor.name;
}

// Replicas share the writing; every rank would compute the same.
TEST_F(CheckpointRoundTrip, ReplicasWriteEqualParts) {
  Model model;
  model.file = source;
  for (int i = 0; i < 64; ++i)
    model.tensors.push_back(
        {cat("w", i), VS_F32, {16, 16}, std::vector<char>(1024)});
  Manifest manifest = simpleManifest(model, 4);
  for (Parameter &parameter : manifest.parameters)
    parameter.layout.dims = {{}, {}};
  ChunkPlan plan = planChunks(stateOf(manifest));
  for (const RankFile &file : plan.files)
    EXPECT_EQ(file.dataBytes(), 16 * 1024);
  // Shards have one holder each.
  plan = planChunks(stateOf(simpleManifest(model, 4)));
  for (const Chunk &chunk : plan.chunks)
    EXPECT_EQ(chunk.owner, chunk.start[0] / 4);
}

TEST_F(CheckpointRoundTrip, EachByteIsReadOnce) {
  // Two views of one tensor whose columns interleave in every block.
  Model model;
  model.file = source;
  int64_t rows = 3000, columns = 256;
  model.tensors.push_back({"w",
                           VS_F32,
                           {rows, columns},
                           std::vector<char>(rows * columns * 4, 'x')});
  Manifest manifest = simpleManifest(model, 1);
  Parameter right = manifest.parameters[0];
  manifest.parameters[0].shape = right.shape = {rows, columns / 2};
  right.view.offset = columns / 2;
  manifest.parameters.push_back(right);
  fs::resize_file((std::ofstream(source), source), rows * columns * 4);
  World two(manifest), one(simpleManifest(model, 2));
  MemoryFiles files;
  one.fill(model);
  one.save(files, "/ckpt", 1, 1);
  SavedStep step(files, "/ckpt");
  int64_t bytes = 0, blocks = 0;
  two.ranks[0].load(step, [&](int64_t block) {
    bytes += block;
    ++blocks;
  });
  EXPECT_EQ(two.difference(model), "");
  EXPECT_EQ(bytes, rows * columns * 4);
  EXPECT_EQ(blocks, 4); // two chunks of 1.5 MiB
  // One row: one block.
  std::vector<char> row(columns * 4);
  bytes = 0;
  step.load(
      {Piece::dense("w", Box::range(columns * 7, columns * 8), row.data())},
      [&](int64_t block) { bytes += block; });
  EXPECT_EQ(bytes, checksumBlockBytes);
  EXPECT_EQ(row, std::vector<char>(columns * 4, 'x'));
}

/// Takes down which bytes are announced and which are read.
class WatchedFiles : public MemoryFiles {
public:
  using Range = std::pair<int64_t, int64_t>; // offset, end

  void startRead(int file, int64_t offset, int64_t bytes) override {
    std::lock_guard<std::mutex> lock(mutex);
    announced.emplace(offset, offset + bytes);
  }
  int64_t read(int file, void *data, int64_t bytes, int64_t offset) override {
    std::lock_guard<std::mutex> lock(mutex);
    auto next = announced.upper_bound({offset, INT64_MAX});
    bool isAnnounced =
        next != announced.begin() && std::prev(next)->second >= offset + bytes;
    (isAnnounced ? expected : surprises).insert({offset, offset + bytes});
    return MemoryFiles::read(file, data, bytes, offset);
  }

  std::mutex mutex;
  std::set<Range> announced, expected, surprises;
};

int64_t bytesOf(const std::set<WatchedFiles::Range> &ranges) {
  int64_t bytes = 0;
  for (auto [begin, end] : ranges)
    bytes += end - begin;
  return bytes;
}

// Blocks that are wanted are announced before they are read, and no others; any
// number of threads reads them.
TEST_F(CheckpointRoundTrip, BlocksAreAnnounced) {
  Random random(8);
  int64_t rows = 23456, columns = 256;
  Model model;
  model.file = source;
  model.tensors.push_back(
      {"w", VS_F32, {rows, columns}, std::vector<char>(rows * columns * 4)});
  for (size_t i = 0; i < model.tensors[0].data.size(); i += 509)
    model.tensors[0].data[i] = static_cast<char>(random());
  fs::resize_file((std::ofstream(source), source), rows * columns * 4);
  World world(simpleManifest(model, 1));
  world.fill(model);
  WatchedFiles files;
  world.save(files, "/ckpt", 1, 1);
  for (int threads : {1, 3}) {
    setThreadCount(threads);
    SavedStep step(files, "/ckpt");
    files.announced.clear();
    files.expected.clear();
    files.surprises.clear();
    world.scramble();
    world.ranks[0].load(step);
    EXPECT_EQ(world.difference(model), "");
    EXPECT_EQ(bytesOf(files.announced), rows * columns * 4);
    EXPECT_EQ(bytesOf(files.expected), rows * columns * 4);
    EXPECT_EQ(bytesOf(files.surprises), // the header
              step.index().files[0].headerBytes);
    // A row in the first block, and the rows from the fourth to the tenth.
    files.announced.clear();
    files.expected.clear();
    int64_t perBlock = checksumBlockBytes / 4;
    std::vector<char> row(columns * 4), range(6 * checksumBlockBytes + 4);
    step.load({Piece::dense("w", Box::range(columns, 2 * columns), row.data()),
               Piece::dense("w", Box::range(4 * perBlock - 1, 10 * perBlock),
                            range.data())});
    EXPECT_EQ(bytesOf(files.announced), 8 * checksumBlockBytes);
    auto blocks = [&](int64_t begin, int64_t end) {
      int64_t at = step.index().files[0].headerBytes;
      return WatchedFiles::Range(at + begin * checksumBlockBytes,
                                 at + end * checksumBlockBytes);
    };
    EXPECT_EQ(files.announced,
              (std::set{blocks(0, 1), blocks(3, 7), blocks(7, 10)}));
    const char *data = model.tensors[0].data.data();
    EXPECT_EQ(std::memcmp(row.data(), data + columns * 4, row.size()), 0);
    EXPECT_EQ(std::memcmp(range.data(), data + 4 * checksumBlockBytes - 4,
                          range.size()),
              0);
  }
  setThreadCount(1);
}

/// The 17th announcement takes as long as all other blocks' reads.
class SlowAnnouncements : public MemoryFiles {
public:
  explicit SlowAnnouncements(int others) : others(others) {}

  void startRead(int file, int64_t offset, int64_t bytes) override {
    std::unique_lock<std::mutex> lock(mutex);
    if (++announcements != 17)
      return;
    slow = file;
    changed.wait_for(lock, std::chrono::seconds(20),
                     [&] { return reads >= others; });
    changed.wait_for(lock, std::chrono::milliseconds(100),
                     [&] { return closedEarly; });
    slow = -1;
  }
  int64_t read(int file, void *data, int64_t bytes, int64_t offset) override {
    std::lock_guard<std::mutex> lock(mutex);
    if (announcements && offset > 0) // no header
      ++reads;
    changed.notify_all();
    return MemoryFiles::read(file, data, bytes, offset);
  }
  int close(int file) override {
    std::lock_guard<std::mutex> lock(mutex);
    closedEarly |= file == slow;
    changed.notify_all();
    return MemoryFiles::close(file);
  }

  int announcements = 0, reads = 0;
  bool closedEarly = false;

private:
  std::mutex mutex;
  std::condition_variable changed;
  int others, slow = -1;
};

// One thread announces a block of the next file while another reads the rest of
// that file.
TEST_F(CheckpointRoundTrip, AFileStaysOpenWhileItIsAnnounced) {
  constexpr int tensors = 16; // in each of two files
  Model model;
  model.file = source;
  for (int i = 0; i < tensors; ++i)
    model.tensors.push_back(
        {"w" + std::to_string(i), VS_F32, {64}, std::vector<char>(256, 'x')});
  fs::resize_file((std::ofstream(source), source), tensors * 256);
  World world(simpleManifest(model, 2));
  world.fill(model);
  SlowAnnouncements files(2 * tensors - 1);
  world.save(files, "/ckpt", 1, 1);
  World one(simpleManifest(model, 1));
  SavedStep step(files, "/ckpt");
  files.announcements = files.reads = 0;
  setThreadCount(2);
  one.ranks[0].load(step);
  setThreadCount(1);
  EXPECT_EQ(one.difference(model), "");
  EXPECT_EQ(files.announcements, 2 * tensors);
  EXPECT_FALSE(files.closedEarly);
}

TEST_F(CheckpointRoundTrip, WhatDoesNotFitTheProgramIsRefused) {
  Random random(3);
  Model model = Model::random(random, source);
  World world(simpleManifest(model, 2));
  MemoryFiles files;
  world.fill(model);
  world.save(files, "/ckpt", 1, 1);
  auto refused = [&](const std::function<void(Manifest &)> &change,
                     std::initializer_list<const char *> texts) {
    Manifest manifest = simpleManifest(model, 2);
    change(manifest);
    try {
      SavedStep(files, "/ckpt").check(stateOf(manifest));
      ADD_FAILURE() << "accepted";
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::BadInput);
      for (const char *text : texts)
        EXPECT_NE(std::string(failure.what()).find(text), std::string::npos)
            << "no '" << text << "' in: " << failure.what();
    }
  };
  auto reshape = [](Parameter &parameter, std::vector<int64_t> shape) {
    parameter.shape = parameter.source.shape = shape;
    parameter.view.strides = denseStrides(shape);
    parameter.layout.dims.assign(shape.size(), {});
  };
  refused([](Manifest &m) { m.parameters.pop_back(); },
          {"has '#step' of shape scalar", "no state"});
  refused([](Manifest &m) { m.parameters.back().name = "other"; },
          {"lacks 'other'", "scalar"});
  refused([&](Manifest &m) { reshape(m.parameters.back(), {3}); },
          {"'#step'", "scalar", "with 3"});
  refused(
      [](Manifest &m) {
        m.parameters.back().dtype = VS_F64;
        m.parameters.back().source.dtype = VS_F64;
      },
      {"'#step'", "i64", "f64"});
}

// A square matrix shows no transposition by its shape.
TEST_F(CheckpointRoundTrip, TransposedStorageIsRefused) {
  Model model;
  model.file = source;
  model.tensors.push_back({"w", VS_F32, {4, 4}, std::vector<char>(64)});
  Manifest manifest = simpleManifest(model, 1), turned = manifest;
  manifest.parameters[0].author = Author{{4, 4}, {}, View{0, {4, 1}}};
  turned.parameters[0].author = Author{{4, 4}, {}, View{0, {1, 4}}};
  MemoryFiles files;
  World(manifest).save(files, "/ckpt", 1, 1);
  EXPECT_NO_THROW(SavedStep(files, "/ckpt").check(stateOf(manifest)));
  EXPECT_THROW(SavedStep(files, "/ckpt").check(stateOf(turned)), Failure);
}

TEST_F(CheckpointRoundTrip, ContradictoryStateIsRefused) {
  Model model;
  model.file = source;
  model.tensors.push_back({"w", VS_F32, {4, 4}, std::vector<char>(64)});
  auto refused = [&](const std::function<void(Parameter &)> &change,
                     const char *text) {
    Manifest manifest = simpleManifest(model, 1);
    manifest.parameters.push_back(manifest.parameters[0]);
    change(manifest.parameters[1]);
    try {
      planChunks(stateOf(manifest));
      ADD_FAILURE() << "accepted";
    } catch (const Failure &failure) {
      EXPECT_NE(std::string(failure.what()).find(text), std::string::npos)
          << failure.what();
    }
  };
  refused([](Parameter &) {}, "two views with element 0");
  refused([](Parameter &p) { p.source.shape = {16}; }, "4x4 and 16");
  refused([](Parameter &p) { p.init = 0; }, "initial values a file's and 0");
  refused([](Parameter &p) { p.source.dtype = VS_I32; }, "f32 and i32");
  Manifest manifest = simpleManifest(model, 2);
  manifest.parameters.push_back(manifest.parameters[0]);
  manifest.parameters[1].name = "w[0]";
  manifest.parameters[1].layout.dims = {{}, {}};
  EXPECT_THROW(planChunks(stateOf(manifest)), Failure);
}

} // namespace
