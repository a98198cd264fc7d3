// Checkpoints: files, shards, hostile indices; names, prefixes, tied tensors.
#include "runtime/core/Error.h"
#include "runtime/core/Runs.h"
#include "runtime/io/ContentHash.h"
#include "runtime/io/NameMatch.h"
#include "runtime/io/TensorFile.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

using namespace vescale::runtime;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

class HubCheckpoints : public testing::Test {
protected:
  void SetUp() override {
    dir = fs::canonical(fs::temp_directory_path()) /
          ("vescale-checkpoint-" + std::to_string(getpid()));
    fs::create_directories(dir / "model");
  }
  void TearDown() override { fs::remove_all(dir); }

  /// Tensors of two elements; a name's value fills both.
  void save(const fs::path &path, const std::map<std::string, float> &values) {
    std::vector<std::array<float, 2>> data;
    data.reserve(values.size());
    std::vector<TensorData> tensors;
    for (const auto &[name, value] : values) {
      data.push_back({value, value});
      tensors.push_back({{name, VS_F32, {2}, 8},
                         reinterpret_cast<const char *>(data.back().data())});
    }
    writeTensorFile(path, tensors);
  }
  void saveIndex(const Json &map) {
    std::ofstream(dir / "model/model.safetensors.index.json")
        << Json{{"metadata", {{"total_size", 8}}}, {"weight_map", map}};
  }
  static std::vector<WantedTensor> wanted(std::vector<std::string> names) {
    std::vector<WantedTensor> result;
    for (const std::string &name : names)
      result.push_back({name, VS_F32, {2}, {}});
    return result;
  }
  float valueOf(const HubTensor &tensor) {
    std::ifstream file(tensor.file, std::ios::binary);
    file.seekg(tensor.entry.offset);
    float value = 0;
    file.read(reinterpret_cast<char *>(&value), sizeof(value));
    return value;
  }
  void expectFound(const std::vector<WantedTensor> &names,
                   const std::vector<float> &values,
                   const std::string &remark = "") {
    HubCheckpoint checkpoint(dir / "model");
    FoundTensors found = findTensors(checkpoint, names, Tied::Compare);
    ASSERT_EQ(found.tensors.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(valueOf(found.tensors[i]), values[i]) << names[i].name;
    if (remark.empty())
      EXPECT_EQ(found.remark, "");
    EXPECT_NE(found.remark.find(remark), std::string::npos) << found.remark;
  }
  void expectRefusal(const std::vector<WantedTensor> &names,
                     std::initializer_list<std::string> texts) {
    try {
      HubCheckpoint checkpoint(dir / "model");
      findTensors(checkpoint, names, Tied::Compare);
      ADD_FAILURE() << "accepted";
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::BadInput);
      for (const std::string &text : texts)
        EXPECT_NE(std::string(failure.what()).find(text), std::string::npos)
            << "no '" << text << "' in: " << failure.what();
    }
  }

  fs::path dir;
};

TEST_F(HubCheckpoints, OneFileOrShards) {
  save(dir / "model/model.safetensors", {{"a.w", 1}, {"a.b", 2}});
  expectFound(wanted({"a.b", "a.w"}), {2, 1});
  EXPECT_TRUE(HubCheckpoint(dir / "model/model.safetensors").has("a.w"));
  fs::remove(dir / "model/model.safetensors");
  save(dir / "model/one.safetensors", {{"a.w", 3}});
  save(dir / "model/two.safetensors", {{"a.b", 4}});
  saveIndex({{"a.w", "one.safetensors"}, {"a.b", "two.safetensors"}});
  expectFound(wanted({"a.b", "a.w"}), {4, 3});
  EXPECT_TRUE(
      HubCheckpoint(dir / "model/model.safetensors.index.json").has("a.b"));
}

TEST_F(HubCheckpoints, HubCachesLinkToBlobs) {
  fs::path repo = dir / "models--x--y";
  fs::create_directories(repo / "blobs");
  fs::create_directories(repo / "snapshots");
  fs::rename(dir / "model", repo / "snapshots/0a1b");
  save(repo / "blobs/data.safetensors", {{"a.w", 5}});
  fs::create_symlink("../../blobs/data.safetensors",
                     repo / "snapshots/0a1b/model.safetensors");
  EXPECT_TRUE(HubCheckpoint(repo / "snapshots/0a1b").has("a.w"));
  // The same link, but in no cache.
  fs::rename(repo / "snapshots", repo / "other");
  EXPECT_THROW(HubCheckpoint(repo / "other/0a1b"), Failure);
}

TEST_F(HubCheckpoints, WhatIsNoCheckpointIsRefused) {
  expectRefusal({}, {"model.safetensors", "model.safetensors.index.json"});
  EXPECT_THROW(HubCheckpoint(dir / "nothing"), Failure);
  EXPECT_THROW(HubCheckpoint(dir / "nothing.safetensors"), Failure);
  std::ofstream(dir / "weights.bin") << "x";
  EXPECT_THROW(HubCheckpoint(dir / "weights.bin"), Failure);
  fs::create_directory(dir / "model/model.safetensors");
  expectRefusal({}, {"not a regular file"});
  fs::remove(dir / "model/model.safetensors");
  ASSERT_EQ(mkfifo((dir / "model/model.safetensors").c_str(), 0600), 0);
  expectRefusal({}, {"not a regular file"});
}

TEST_F(HubCheckpoints, HostileIndicesAreRefused) {
  save(dir / "secret.safetensors", {{"a.w", 1}});
  save(dir / "model/some.safetensors", {{"a.w", 1}});
  auto refused = [&](const Json &map, const char *why) {
    saveIndex(map);
    expectRefusal(wanted({"a.w"}), {why});
  };
  refused({{"a.w", "../secret.safetensors"}}, "leads out");
  refused({{"a.w", "x/../../secret.safetensors"}}, "leads out");
  refused({{"a.w", (dir / "secret.safetensors").string()}}, "absolute");
  refused({{"a.w", "/etc/passwd"}}, "absolute");
  refused({{"a.w", ""}}, "empty");
  refused({{"a.w", std::string("some.safetensors\0x", 18)}}, "NUL");
  refused({{"a.w", "none.safetensors"}}, "none.safetensors");
  refused({{"a.w", "\x1b[2Jnone"}}, "\\x1b[2Jnone'");
  refused({{"a.w", "."}}, "not a regular file");
  refused({{"a.w", 7}}, "not the name of a file");
  refused({{"a.w", Json::array()}}, "not the name of a file");
  refused(Json::array(), "weight_map");
  refused({{"a.b", "some.safetensors"}}, "'a.w'");
  // The index promises what the shard lacks.
  saveIndex({{"a.w", "some.safetensors"}, {"a.b", "some.safetensors"}});
  expectRefusal(wanted({"a.b"}), {"'a.b'", "no such tensor"});
  fs::create_symlink("../secret.safetensors", dir / "model/link.safetensors");
  refused({{"a.w", "link.safetensors"}}, "link that leads out");
  fs::create_directory_symlink("..", dir / "model/up");
  refused({{"a.w", "up/secret.safetensors"}}, "link that leads out");
  std::ofstream(dir / "model/model.safetensors.index.json") << "{\"weight_map";
  expectRefusal(wanted({"a.w"}), {"not an index"});
  std::ofstream(dir / "model/model.safetensors.index.json")
      << std::string(100000, '[');
  expectRefusal(wanted({"a.w"}), {"not an index"});
}

TEST_F(HubCheckpoints, TruncatedFilesAreRefused) {
  fs::path file = dir / "model/model.safetensors";
  save(file, {{"a.w", 1}, {"a.b", 2}});
  int64_t whole = fs::file_size(file);
  for (int64_t bytes = 0; bytes < whole; ++bytes) {
    save(file, {{"a.w", 1}, {"a.b", 2}});
    fs::resize_file(file, bytes);
    expectRefusal(wanted({"a.w", "a.b"}), {"model.safetensors"});
  }
}

TEST_F(HubCheckpoints, OnePrefixForAllNames) {
  fs::path file = dir / "model/model.safetensors";
  save(file, {{"h.0.w", 1}, {"ln_f.w", 2}});
  expectFound(wanted({"transformer.h.0.w", "transformer.ln_f.w"}), {1, 2},
              "without the prefix 'transformer.'");
  save(file, {{"bert.h.w", 1}, {"bert.e.w", 2}, {"cls.w", 3}});
  expectFound(wanted({"e.w", "h.w"}), {2, 1}, "with the prefix 'bert.'");
  // The head has no prefix in either.
  save(file, {{"layers.w", 1}, {"lm_head.w", 2}});
  expectFound(wanted({"model.layers.w", "lm_head.w"}), {1, 2},
              "without the prefix 'model.'");
  // One prefix, not two.
  save(file, {{"x.a.w", 1}, {"y.b.w", 2}});
  expectRefusal(wanted({"a.w", "b.w"}), {"1 of the model's 2"});
  // A whole component.
  save(file, {{"xa.w", 1}});
  expectRefusal(wanted({"a.w"}), {"'a.w'"});
  // Names as they are come first.
  save(file, {{"a.w", 1}, {"ema.a.w", 2}});
  expectFound(wanted({"a.w"}), {1});
  save(file, {{"online.a.w", 1}, {"ema.a.w", 2}});
  expectRefusal(wanted({"a.w"}), {"'online.'", "'ema.'"});
}

TEST_F(HubCheckpoints, MissingNamesAreListed) {
  save(dir / "model/model.safetensors", {{"a.w", 1}});
  expectRefusal(wanted({"a.w", "b.w"}),
                {"lacks 1 of the model's 2 parameters", "'b.w'",
                 "optimize=False", (dir / "model").string()});
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i)
    many.push_back("layer." + std::to_string(i) + ".w");
  expectRefusal(wanted(many), {"lacks 40 of", "'layer.4.w', …"});
}

TEST_F(HubCheckpoints, ShapesAndTypesMustAgree) {
  save(dir / "model/model.safetensors", {{"a.w", 1}});
  std::vector<WantedTensor> names = wanted({"a.w"});
  names[0].shape = {3, 4};
  expectRefusal(names, {"'a.w'", "3x4", " has 2"});
  names = wanted({"a.w"});
  names[0].dtype = VS_BF16;
  expectRefusal(names, {"'a.w'", "bf16", "f32"});
  // A type that nothing here knows is no trouble where it isn't wanted.
  std::string header =
      R"({"q": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]},)"
      R"( "a.w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}})";
  uint64_t length = header.size();
  std::ofstream(dir / "model/model.safetensors", std::ios::binary)
      << std::string(reinterpret_cast<char *>(&length), 8) << header
      << std::string(16, '\0');
  expectFound(wanted({"a.w"}), {0});
  names = wanted({"q"});
  names[0].shape = {8};
  expectRefusal(names, {"'q'", "F8_E4M3", "f32"});
}

TEST_F(HubCheckpoints, TiedTensorsHaveAnyOfTheirNames) {
  fs::path file = dir / "model/model.safetensors";
  std::vector<WantedTensor> names = wanted({"lm_head.weight"});
  names[0].tied = {"transformer.wte.weight"};
  save(file, {{"transformer.wte.weight", 1}});
  expectFound(names, {1});
  save(file, {{"wte.weight", 2}});
  expectFound(names, {2}, "without the prefix 'transformer.'");
  save(file, {{"lm_head.weight", 3}, {"transformer.wte.weight", 3}});
  expectFound(names, {3});
  save(file, {{"lm_head.weight", 3}, {"transformer.wte.weight", 4}});
  expectRefusal(names, {"lm_head.weight", "transformer.wte.weight", "differ"});
  save(file, {{"other", 1}});
  expectRefusal(names, {"'lm_head.weight' (tied to 'transformer.wte.weight')"});
}

TEST_F(HubCheckpoints, OlderNamesOfNorms) {
  save(dir / "model/model.safetensors",
       {{"bert.e.LayerNorm.gamma", 1}, {"bert.e.LayerNorm.beta", 2}});
  expectFound(wanted({"e.LayerNorm.weight", "e.LayerNorm.bias"}), {1, 2},
              "'bert.'");
}

TEST_F(HubCheckpoints, HashesAreXxh3) {
  // The reference implementation's values.
  std::ofstream(dir / "file").close();
  EXPECT_EQ(contentHash(dir / "file"), "99aa06d3014798d86001c324468d497f");
  FileStamp empty = stampOf(dir / "file");
  EXPECT_EQ(empty.bytes, 0);
  std::ofstream(dir / "file") << std::string(3 << 20, 'x');
  std::string before = contentHash(dir / "file");
  EXPECT_FALSE(stampOf(dir / "file") == empty);
  std::ofstream(dir / "file") << std::string((3 << 20) - 1, 'x') << 'y';
  EXPECT_NE(contentHash(dir / "file"), before);
}

// Runs cover a view, and no gap of a whole page.
TEST(Runs, CoverAView) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    std::vector<int64_t> stored, order, sizes, strides;
    int64_t elements = 1;
    for (size_t dim = random() % 4; dim-- > 0;)
      stored.push_back(1 + random() % 6);
    for (size_t dim = stored.size(); dim-- > 0; elements *= stored[dim])
      strides.insert(strides.begin(), elements);
    for (size_t dim = 0; dim < stored.size(); ++dim)
      order.push_back(dim);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<int64_t> viewStrides;
    for (int64_t dim : order) {
      sizes.push_back(1 + random() % stored[dim]);
      viewStrides.push_back(strides[dim]);
    }
    int64_t gap = random() % 4;
    std::set<int64_t> own, covered;
    std::vector<int64_t> index(sizes.size(), 0);
    for (bool more = true; more;) {
      int64_t at = 0;
      for (size_t dim = 0; dim < index.size(); ++dim)
        at += index[dim] * viewStrides[dim];
      own.insert(at);
      size_t dim = index.size();
      while (dim > 0 && ++index[dim - 1] == sizes[dim - 1])
        index[--dim] = 0;
      more = dim > 0;
    }
    forEachRun(sizes, viewStrides, gap, [&](int64_t begin, int64_t end) {
      ASSERT_TRUE(own.count(begin) && own.count(end - 1)) << seed;
      int64_t foreign = 0;
      for (int64_t at = begin; at < end; ++at) {
        EXPECT_TRUE(covered.insert(at).second) << seed;
        foreign = own.count(at) ? 0 : foreign + 1;
        EXPECT_LE(foreign, gap) << seed;
      }
    });
    for (int64_t at : own)
      ASSERT_TRUE(covered.count(at)) << seed;
  }
}

} // namespace
