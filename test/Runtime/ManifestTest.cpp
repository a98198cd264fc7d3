// The manifest's fields, sub-axes, and the shard arithmetic behind layouts.
#include "runtime/core/Manifest.h"
#include "runtime/core/Error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace vescale::runtime;

namespace {

std::string withInput(const std::string &mesh, const std::string &shape,
                      const std::string &dims) {
  std::string ranks;
  for (int rank = 0; rank < 8; ++rank)
    ranks += (rank ? "," : "") + std::to_string(rank);
  return R"({"schema": "vescale.manifest/1", "model": "m",
    "target": {"kind": "cpu", "isa": "x86-64-v3"}, "mesh": )" +
         mesh + R"(, "programs": [{"file": "programs/0", "ranks": [)" + ranks +
         R"(], "hash": "h", "arena_bytes": 0, "comm_bytes": 0}],
    "inputs": [{"name": "x", "dtype": "f32", "shape": )" +
         shape + R"(, "layout": {"dims": )" + dims +
         R"(}, "at": {"space": "arena", "offset": 0}}],
    "outputs": [], "parameters": []})";
}

Manifest parse(const std::string &text) {
  return parseManifest(text.data(), text.data() + text.size(), "m.json");
}

void expectRefusal(const std::string &text, const char *why) {
  try {
    parse(text);
    ADD_FAILURE() << "accepted: " << text;
  } catch (const Failure &failure) {
    EXPECT_EQ(failure.code, ExitCode::BadInput);
    EXPECT_NE(std::string(failure.what()).find(why), std::string::npos)
        << failure.what();
  }
}

const char *mesh8 = R"([["dp", 2], ["tp", 4]])";

TEST(Manifest, ReadsSubAxes) {
  Manifest manifest =
      parse(withInput(mesh8, "[12, 6]", R"([["tp:(2)2", "dp"], ["tp:(1)2"]])"));
  const Layout &layout = manifest.inputs[0].layout;
  ASSERT_EQ(layout.dims.size(), 2u);
  EXPECT_EQ(layout.dims[0][0].pre, 2);
  EXPECT_EQ(layout.dims[0][0].size, 2);
  // Rank 6: dp 1, tp 2 = digits 1 (major), 0 (minor).
  Shard shard = shardOf({12, 6}, layout, manifest.mesh, 6);
  EXPECT_EQ(shard.start, (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(shard.local, (std::vector<int64_t>{3, 3}));
}

TEST(Manifest, RefusesMalformedOnes) {
  expectRefusal("", "not a JSON object");
  expectRefusal("[]", "not a JSON object");
  expectRefusal("{}", "'schema'");
  expectRefusal(withInput(R"([["dp", 0]])", "[1]", "[[]]"), "mesh[0]");
  expectRefusal(withInput(R"([["dp", 2], ["dp", 4]])", "[1]", "[[]]"),
                "repeated");
  expectRefusal(withInput(R"([["dp", 2], ["tp", 2]])", "[1]", "[[]]"),
                "rank 4");
  expectRefusal(withInput(R"([["dp", 3], ["tp", 4]])", "[1]", "[[]]"),
                "rank 8 has no program");
  expectRefusal(withInput(mesh8, "[-1]", "[[]]"), "negative");
  expectRefusal(withInput(mesh8, "[4000000000, 4000000000]", "[[], []]"),
                "64 bits");
  expectRefusal(withInput(mesh8, "[4]", "[[], []]"), "layout of 2");
  expectRefusal(withInput(mesh8, "[4]", R"([["xp"]])"), "'xp'");
  expectRefusal(withInput(mesh8, "[4, 4]", R"([["tp"], ["tp"]])"),
                "more than once");
  expectRefusal(withInput(mesh8, "[4, 4]", R"([["tp:(1)2"], ["tp"]])"),
                "more than once");
  expectRefusal(withInput(mesh8, "[4]", R"([["tp:(1)3"]])"), "sub-axis");
  expectRefusal(withInput(mesh8, "[4]", R"x([["tp:(1)"]])x"), "sub-axis");
  expectRefusal(withInput(mesh8, "[4]", R"([["tp:(0)2"]])"), "sub-axis");
}

TEST(Manifest, ReadsWhereWeightsComeFrom) {
  auto with = [](const std::string &file, const std::string &author,
                 const std::string &rest) {
    std::string text = withInput(mesh8, "[1]", "[[]]");
    return text.substr(0, text.rfind("[]")) +
           R"([{"name": "w", "dtype": "f32", "shape": [4, 2],
      "source": {"file": ")" +
           file + R"(", "offset": 0, "bytes": 32, "dtype": "f32",
                 "shape": [2, 4]},
      "view": {"offset": 0, "strides": [1, 4]}, "author": )" +
           author + R"(, "layout": {"dims": [[], []]},
      "at": {"space": "param"}, "packed": null}])" +
           rest + "}";
  };
  const char *author = R"({"shape": [4, 2], "tied": ["v"],
                           "view": {"offset": 0, "strides": [2, 1]}})";
  const char *files = R"(, "files": [{"path": "/w", "bytes": 32,
    "modified_ns": 1, "changed_ns": 2, "xxh3_128": "h"}], "unnamed": ["u"])";
  Manifest manifest = parse(with("/w", author, files));
  ASSERT_TRUE(manifest.parameters[0].author);
  EXPECT_EQ(manifest.parameters[0].author->shape, (std::vector<int64_t>{4, 2}));
  EXPECT_EQ(manifest.parameters[0].author->tied, std::vector<std::string>{"v"});
  EXPECT_EQ(manifest.parameters[0].author->view->strides,
            (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(manifest.files[0].stamp.changedNs, 2);
  EXPECT_EQ(manifest.unnamed, std::vector<std::string>{"u"});
  EXPECT_FALSE(parse(with("w", "null", "")).parameters[0].author);
  expectRefusal(with("/other", author, files), "'files' does not list");
  expectRefusal(with("/w", author, ""), "'files' does not list");
  expectRefusal(
      with("w", R"({"shape": [8], "view": {"offset": 0, "strides": [1]}})", ""),
      "1 strides for 2 dimensions");
  expectRefusal(with("w", "{}", ""), "'shape'");
}

// Over all ranks, first replicas' shards cover a tensor once.
TEST(Layout, ShardsCoverATensorOnce) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    Mesh mesh{{{"a", 1 + random() % 3}, {"b", 4}, {"c", 1 + random() % 3}}};
    std::vector<int64_t> shape = {1 + int64_t(random() % 9),
                                  1 + int64_t(random() % 9)};
    Layout layout;
    layout.dims.resize(2);
    // Axis b in two digits; each digit and axis goes somewhere or nowhere.
    std::vector<AxisRef> refs = {{0, 1, mesh.axes[0].second},
                                 {1, 1, 2},
                                 {1, 2, 2},
                                 {2, 1, mesh.axes[2].second}};
    std::shuffle(refs.begin(), refs.end(), random);
    for (const AxisRef &ref : refs)
      if (unsigned dim = random() % 3; dim < 2)
        layout.dims[dim].push_back(ref);
    std::vector<int> seen(shape[0] * shape[1], 0);
    for (int64_t rank = 0; rank < mesh.size(); ++rank) {
      if (!isFirstReplica(layout, mesh, rank))
        continue;
      Shard shard = shardOf(shape, layout, mesh, rank);
      for (int64_t i = 0; i < shard.valid[0]; ++i)
        for (int64_t j = 0; j < shard.valid[1]; ++j)
          ++seen[(shard.start[0] + i) * shape[1] + shard.start[1] + j];
    }
    for (int count : seen)
      ASSERT_EQ(count, 1) << "seed " << seed;
  }
}

} // namespace
