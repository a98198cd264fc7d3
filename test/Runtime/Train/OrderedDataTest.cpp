// Which samples are read in stored order, by evaluation each once and by
// training time and again: the same in every layout.
#include "runtime/core/Error.h"
#include "runtime/train/Data.h"

#include <gtest/gtest.h>

#include <fstream>

using namespace vescale::runtime;

namespace {

constexpr int64_t sequence = 4;

/// A step that takes `batch` windows and the tokens one behind, sharded over
/// `dp` ranks, in stored order.
Manifest tokenManifest(int64_t batch, int dp, int microBatches) {
  std::string ranks, inputs;
  for (int rank = 0; rank < dp; ++rank)
    ranks += (rank ? ", " : "") + std::to_string(rank);
  for (const char *name : {"x", "y"})
    inputs += cat(inputs.empty() ? "" : ", ", R"({"name": ")", name,
                  R"(", "dtype": "i64", "shape": [)", batch, ", ", sequence,
                  R"(], "layout": {"dims": [["dp"], []]}, "at": {"space": )",
                  R"("arena", "offset": )", *name == 'x' ? 0 : 4096, "}}");
  inputs += cat(R"(, {"name": "#rows", "dtype": "i64", "shape": [)", batch,
                R"(], "layout": {"dims": [["dp"]]}, "at": {"space": "arena", )",
                R"("offset": 6144}})");
  std::string text = cat(
      R"({"schema": "vescale.manifest/1", "model": "m", "target": {"kind": )",
      R"("cpu"}, "mesh": [["dp", )", dp,
      R"(]], "programs": [{"file": "programs/0", "ranks": [)", ranks,
      R"(], "hash": "h", "arena_bytes": 8192, "comm_bytes": 0}], "inputs": [)",
      inputs, R"(], "outputs": [], "parameters": [], "train": {"data": )",
      R"({"x": {"from": "t"}, "y": {"from": "t", "shift": 1}}, "seed": 7, )",
      R"("order": "sequential", "micro_batches": )", microBatches, "}}");
  return parseManifest(text.data(), text.data() + text.size(), "m.json");
}

std::string writeTokens(int count) {
  std::string path = testing::TempDir() + "tokens.bin";
  std::ofstream file(path, std::ios::binary);
  for (int token = 0; token < count; ++token) {
    auto value = static_cast<uint16_t>(token);
    file.write(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  return path;
}

/// The first token of every window of a batch, micro-batch by micro-batch, and
/// of what is held against it.
std::vector<std::pair<int64_t, int64_t>>
firstTokens(int64_t batch, int dp, int microBatches, int64_t number,
            const std::string &path, DataUse use = DataUse::Evaluate) {
  Manifest manifest = tokenManifest(batch, dp, microBatches);
  std::vector<std::pair<int64_t, int64_t>> found;
  for (int part = 0; part < microBatches; ++part) {
    for (int rank = 0; rank < dp; ++rank) {
      Data data(manifest, path, TokenWidth::U16, rank, use);
      std::vector<int64_t> memory(1024);
      Addresses addresses;
      addresses.arena = reinterpret_cast<char *>(memory.data());
      data.place(addresses, number, part);
      for (int64_t row = 0; row < batch / dp; ++row)
        found.emplace_back(memory[row * sequence],
                           memory[512 + row * sequence]);
    }
  }
  return found;
}

TEST(EvaluationData, ReadsWindowsSideBySideInEveryLayout) {
  // 16 windows of 4, and one token behind the last.
  std::string path = writeTokens(65);
  std::vector<std::pair<int64_t, int64_t>> want;
  for (int64_t sample = 8; sample < 16; ++sample) // the second batch
    want.emplace_back(sample * sequence, sample * sequence + 1);
  EXPECT_EQ(firstTokens(8, 1, 1, 1, path), want);
  EXPECT_EQ(firstTokens(8, 4, 1, 1, path), want);
  EXPECT_EQ(firstTokens(2, 1, 4, 1, path), want);
  EXPECT_EQ(firstTokens(4, 2, 2, 1, path), want);
}

// Which row of the step's batch a sample is, however it is cut.
TEST(EvaluationData, NumbersRows) {
  std::string path = writeTokens(65);
  auto rows = [&](int64_t batch, int dp, int microBatches) {
    Manifest manifest = tokenManifest(batch, dp, microBatches);
    std::vector<int64_t> found;
    for (int part = 0; part < microBatches; ++part)
      for (int rank = 0; rank < dp; ++rank) {
        Data data(manifest, path, TokenWidth::U16, rank, DataUse::Evaluate);
        std::vector<int64_t> memory(1024);
        Addresses addresses;
        addresses.arena = reinterpret_cast<char *>(memory.data());
        data.place(addresses, 1, part);
        for (int64_t row = 0; row < batch / dp; ++row)
          found.push_back(memory[768 + row]);
      }
    return found;
  };
  std::vector<int64_t> want = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(rows(8, 1, 1), want);
  EXPECT_EQ(rows(8, 4, 1), want);
  EXPECT_EQ(rows(2, 1, 4), want);
  EXPECT_EQ(rows(4, 2, 2), want);
}

TEST(TrainingData, TakesWindowsInOrderTimeAndAgain) {
  // 10 windows of 4, and one token behind the last.
  std::string path = writeTokens(41);
  std::vector<std::pair<int64_t, int64_t>> want;
  for (int64_t sample : {8, 9, 0, 1, 2, 3, 4, 5}) // the second batch
    want.emplace_back(sample * sequence, sample * sequence + 1);
  EXPECT_EQ(firstTokens(8, 1, 1, 1, path, DataUse::Train), want);
  EXPECT_EQ(firstTokens(8, 4, 1, 1, path, DataUse::Train), want);
  EXPECT_EQ(firstTokens(2, 1, 4, 1, path, DataUse::Train), want);
  EXPECT_EQ(firstTokens(4, 2, 2, 1, path, DataUse::Train), want);
}

TEST(EvaluationData, CountsWholeBatches) {
  auto counts = [](int tokens) {
    Manifest manifest = tokenManifest(8, 1, 1);
    Data data(manifest, writeTokens(tokens), TokenWidth::U16, 0,
              DataUse::Evaluate);
    return std::pair(data.sampleCount(), data.wholeBatches());
  };
  EXPECT_EQ(counts(65), std::pair(int64_t(16), int64_t(2)));
  EXPECT_EQ(counts(64), std::pair(int64_t(15), int64_t(1)));
  EXPECT_EQ(counts(5), std::pair(int64_t(1), int64_t(0)));
}

} // namespace
