// Damaged and hostile steps are refused by name.
#include "runtime/core/Error.h"
#include "test/Runtime/Checkpoint/MemoryFiles.h"
#include "test/Runtime/Checkpoint/Worlds.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

using namespace vescale::runtime;
using namespace vescale::test;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

class DamagedStep : public testing::Test {
protected:
  DamagedStep()
      : source((fs::temp_directory_path() /
                ("vescale-damage-" + std::to_string(getpid())))
                   .string()) {
    Random random(8);
    model = Model::random(random, source);
    world = std::make_unique<World>(simpleManifest(model, 3));
    world->fill(model);
    world->save(files, "/ckpt", 1, 1);
    index = files.contents(dir + "/index.json");
  }
  ~DamagedStep() override { fs::remove(source); }

  /// What all ranks' loading says, or verifying, or nothing.
  std::string refusal(bool verify) {
    try {
      if (verify)
        SavedStep(files, "/ckpt").verify();
      else
        world->load(files, "/ckpt");
      return "";
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::BadInput);
      return failure.what();
    }
  }
  /// A step whose index is this, with the COMMIT that goes with it.
  void setIndex(const std::string &text) {
    files.contents(dir + "/index.json") = text;
    files.contents(dir + "/COMMIT") = commitText(text);
  }
  void expectRefused(const std::function<void(Json &)> &change,
                     const char *why) {
    Json json = Json::parse(index);
    change(json);
    setIndex(json.dump());
    std::string said = refusal(false);
    EXPECT_NE(said.find(why), std::string::npos)
        << "no '" << why << "' in: " << (said.empty() ? "accepted" : said);
  }

  const std::string dir = "/ckpt/step-00000001";
  std::string source, index;
  Model model;
  std::unique_ptr<World> world;
  MemoryFiles files;
};

TEST_F(DamagedStep, OneBitIsNoticed) {
  ASSERT_EQ(refusal(false), "");
  ASSERT_EQ(refusal(true), "");
  Random random(9);
  SavedStep step(files, "/ckpt");
  int64_t tensors = 0;
  for (const std::string &path : files.filesBelow(dir)) {
    std::string &bytes = files.contents(path);
    std::string name = path.substr(dir.size() + 1);
    auto size = static_cast<int64_t>(bytes.size());
    // All of the small ones.
    for (int64_t i = 0, n = std::min<int64_t>(size, 400); i < n; ++i) {
      int64_t at = size <= 400 ? i : below(random, size);
      SCOPED_TRACE(cat(path, " at ", at));
      auto bit = static_cast<char>(1 << below(random, 8));
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
      std::string loaded = refusal(false), verified = refusal(true);
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
      EXPECT_NE(loaded.find(name), std::string::npos) << loaded;
      EXPECT_NE(verified.find(name), std::string::npos) << verified;
      for (const IndexTensor &tensor : step.index().tensors)
        for (const IndexChunk &chunk : tensor.chunks)
          if (step.index().files[chunk.file].name == name &&
              at >= chunk.offset && at < chunk.offset + chunk.bytes) {
            ++tensors;
            std::string quoted = "'" + tensor.name + "'";
            EXPECT_NE(loaded.find(quoted), std::string::npos) << loaded;
            EXPECT_NE(verified.find(quoted), std::string::npos) << verified;
          }
    }
  }
  EXPECT_GT(tensors, 300);
  EXPECT_EQ(refusal(false), "");
}

TEST_F(DamagedStep, MissingAndCutFilesAreNamed) {
  for (const std::string &path : files.filesBelow(dir)) {
    std::string name = path.substr(dir.size() + 1);
    std::string bytes = files.contents(path);
    for (size_t length : {size_t(0), bytes.size() / 2, bytes.size() - 1}) {
      files.contents(path) = bytes.substr(0, length);
      EXPECT_NE(refusal(false).find(name), std::string::npos) << path;
      EXPECT_NE(refusal(true).find(name), std::string::npos) << path;
    }
    files.contents(path) = bytes + "x";
    EXPECT_NE(refusal(false).find(name), std::string::npos) << path;
    files.unlink(path);
    EXPECT_NE(refusal(false).find(name), std::string::npos) << path;
    EXPECT_NE(refusal(true).find(name), std::string::npos) << path;
    files.openWrite(path);
    files.contents(path) = bytes;
  }
  EXPECT_EQ(refusal(true), "");
}

TEST_F(DamagedStep, WhatIsNoStepIsRefused) {
  EXPECT_THROW(SavedStep(files, "/nothing"), Failure);
  EXPECT_THROW(SavedStep(files, "/"), Failure);
  EXPECT_NO_THROW(SavedStep(files, "/ckpt/"));
  EXPECT_NO_THROW(SavedStep(files, dir + "/"));
  files.unlink(dir + "/COMMIT");
  EXPECT_NE(refusal(false).find("no committed step"), std::string::npos);
}

TEST_F(DamagedStep, HostileIndicesAreRefused) {
  auto tensor = [](Json &json) -> Json & {
    for (Json &tensor : json["tensors"])
      if (tensor["chunks"].size() > 1 && tensor["shape"].size() > 1)
        return tensor;
    throw std::logic_error("no tensor of several chunks");
  };
  auto chunk = [&](Json &json) -> Json & { return tensor(json)["chunks"][0]; };
  expectRefused([](Json &j) { j["schema"] = "vescale.checkpoint/2"; },
                "this reads 'vescale.checkpoint/1'");
  expectRefused([](Json &j) { j = Json::array(); }, "not a JSON object");
  expectRefused([](Json &j) { j["step"] = -1; }, "negative");
  expectRefused([](Json &j) { j["step"] = 1.5; }, "expected an integer");
  expectRefused([](Json &j) { j["block_bytes"] = 1; }, "expected 1048576");
  expectRefused([](Json &j) { j["extra"] = 3; }, "expected an object");
  for (const char *name :
       {"../secret.safetensors", "/etc/x.safetensors", "a/b.safetensors", "",
        ".hidden.safetensors", "COMMIT", "..", "x\\y.safetensors"})
    expectRefused([&](Json &j) { j["files"][0]["name"] = name; },
                  "not the name of a .safetensors file");
  expectRefused(
      [](Json &j) {
        j["files"][0]["name"] = std::string("a\0.safetensors", 14);
      },
      "not the name of");
  expectRefused([](Json &j) { j["files"][1] = j["files"][0]; }, "listed twice");
  expectRefused([](Json &j) { j["files"][0]["bytes"] = INT64_MAX; },
                "its chunks end at");
  expectRefused([](Json &j) { j["files"][0]["header_bytes"] = 1; },
                "header_bytes");
  expectRefused([&](Json &j) { j["tensors"].push_back(tensor(j)); },
                "listed twice");
  expectRefused([&](Json &j) { tensor(j)["dtype"] = "f31"; }, "'f31'");
  expectRefused([&](Json &j) { tensor(j)["shape"] = {INT64_MAX, 2}; },
                "does not fit 64 bits");
  expectRefused([&](Json &j) { tensor(j)["shape"].push_back(2); },
                "no chunk has elements");
  expectRefused([&](Json &j) { tensor(j)["chunks"].erase(0); },
                "no chunk has elements");
  expectRefused([&](Json &j) { tensor(j)["chunks"][1] = chunk(j); },
                "both have element");
  expectRefused([&](Json &j) { chunk(j)["file"] = 99; }, "99 of 3 files");
  expectRefused([&](Json &j) { chunk(j)["offset"] = INT64_MAX; }, "outside");
  expectRefused([&](Json &j) { chunk(j)["offset"] = 0; }, "outside");
  expectRefused([&](Json &j) { chunk(j)["bytes"] = 0; }, "bytes");
  expectRefused([&](Json &j) { chunk(j)["view"]["offset"] = INT64_MAX; },
                "reaches element");
  expectRefused([&](Json &j) { chunk(j)["view"]["strides"][0] = 0; },
                "order of the tensor");
  expectRefused([&](Json &j) { chunk(j)["view"]["strides"][0] = INT64_MAX; },
                "view");
  expectRefused([&](Json &j) { chunk(j)["view"]["strides"].push_back(1); },
                "strides for");
  expectRefused([&](Json &j) { chunk(j)["view"]["sizes"][0] = INT64_MAX; },
                "view");
  expectRefused([&](Json &j) { chunk(j)["xxh3_128"] = Json::array(); },
                "0 checksums for 1 blocks");
  expectRefused([&](Json &j) { chunk(j)["xxh3_128"][0] = "0x12"; },
                "not a checksum");
  expectRefused(
      [&](Json &j) { chunk(j)["xxh3_128"][0] = std::string(32, '0'); },
      "is damaged");
  setIndex(index);
  EXPECT_EQ(refusal(false), "");
}

/// All values of a document.
void collect(Json &json, std::vector<Json *> &values) {
  values.push_back(&json);
  if (json.is_structured())
    for (Json &value : json)
      collect(value, values);
}

// Whatever an index says, it is refused or the step is the one that was saved.
TEST_F(DamagedStep, RandomIndicesAreRefusedOrHarmless) {
  const Json nasty[] = {-1,
                        0,
                        1,
                        2,
                        7,
                        1048577,
                        INT64_MAX,
                        UINT64_MAX,
                        1.5,
                        "",
                        "x",
                        nullptr,
                        true,
                        Json::array(),
                        Json::object(),
                        Json::array({1, 2}),
                        "f64"};
  int refused = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Json json = Json::parse(index);
    for (int64_t n = 1 + below(random, 2); n > 0; --n) {
      std::vector<Json *> values;
      collect(json, values);
      Json &value = *values[below(random, static_cast<int64_t>(values.size()))];
      if (value.is_array() && !value.empty() && below(random, 2))
        value.erase(below(random, static_cast<int64_t>(value.size())));
      else
        value = nasty[below(random, static_cast<int64_t>(std::size(nasty)))];
    }
    setIndex(json.dump());
    world->scramble();
    if (!refusal(false).empty())
      ++refused;
    else
      EXPECT_EQ(world->difference(model), "");
  }
  EXPECT_GT(refused, 2000);
}

// A file's header that says other than the index is noticed by verify.
TEST_F(DamagedStep, HeadersMustAgreeWithTheIndex) {
  Json json = Json::parse(index);
  std::string name = json["files"][0]["name"];
  std::string &bytes = files.contents(dir + "/" + name);
  size_t at = bytes.find("[0]\"");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] = '7';
  int64_t header = json["files"][0]["header_bytes"];
  json["files"][0]["header_xxh3_128"] = hashBytes(bytes.data(), header).text();
  setIndex(json.dump());
  EXPECT_NE(refusal(true).find("[7]' is not in the index"), std::string::npos)
      << refusal(true);
}

} // namespace
