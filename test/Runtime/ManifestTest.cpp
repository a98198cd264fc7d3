// The manifest's fields, sub-axes, and the shard arithmetic behind layouts.
#include "runtime/core/Manifest.h"
#include "runtime/core/Error.h"
#include "runtime/core/Number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
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

std::string withParameter(const std::string &fields) {
  std::string text = withInput(mesh8, "[1]", "[[]]");
  return text.substr(0, text.rfind("[]")) + R"([{"name": "w", "dtype": "f32",
      "shape": [4, 2], "layout": {"dims": [[], []]},)" +
         fields + "}]}";
}

TEST(Manifest, ReadsState) {
  std::string place = R"("at": {"space": "arena", "offset": 0},)";
  std::string view = R"("view": {"offset": 0, "strides": [2, 1]},)";
  std::string source = R"("source": {"file": "w", "offset": 0, "bytes": 32,
      "dtype": "f32", "shape": [4, 2]},)";
  std::string stored = R"("stored": {"dtype": "f32", "shape": [4, 2]},)";
  Parameter weight =
      parse(withParameter(place + view + source + R"("trained": true)"))
          .parameters[0];
  EXPECT_TRUE(weight.trained && weight.isState() && !weight.init);
  Parameter moment =
      parse(withParameter(place + view + stored + R"("init": 0.5)"))
          .parameters[0];
  EXPECT_TRUE(!moment.trained && moment.isState());
  EXPECT_EQ(moment.init, 0.5);
  EXPECT_EQ(moment.source.bytes, 32);
  EXPECT_FALSE(parse(withParameter(place + view + source + R"("init": null)"))
                   .parameters[0]
                   .isState());

  auto refuse = [&](const std::string &fields, const char *why) {
    expectRefusal(withParameter(fields), why);
  };
  refuse(place + view + source + R"("init": 0)", "both 'source' and 'init'");
  refuse(place + view + R"("init": 0)", "'stored' is missing");
  refuse(place + view + stored + R"("init": "0")", "expected a number");
  refuse(place + view + stored + R"("init": 1e400)", "not a JSON object");
  refuse(place + view + source + R"("trained": 1)", "true or false");
  refuse(R"("at": {"space": "param"},)" + view + source + R"("trained": true)",
         "can't stay in its file");
  refuse(place + view + source +
             R"("packed": {"k": 2, "n": 4, "transposed": true},
                "trained": true)",
         "can't be packed");
  for (const char *strides : {"[1, 4]", "[1, 1]", "[0, 1]", "[2, 0]"})
    refuse(place + R"("view": {"offset": 0, "strides": )" + strides + "}," +
               source + R"("trained": true)",
           "follow the order");
  for (const char *reach :
       {R"({"offset": 1, "strides": [2, 1]})", R"({"offset": 0,
        "strides": [3, 1]})",
        R"({"offset": 9223372036854775807,
        "strides": [2, 1]})"})
    refuse(place + R"("view": )" + reach + "," + stored + R"("init": 0)",
           "reaches element");
  refuse(place + view + R"("stored": {"dtype": "i32", "shape": [4, 2]},
                           "init": 0)",
         "stored as i32");
  refuse(place + view + R"("stored": {"dtype": "i8", "shape": [4, 2]},
                           "init": 128)",
         "128 is no element of type i8");
  refuse(place + view + R"("stored": {"dtype": "i32", "shape": [4, 2]},
                           "init": 0.5)",
         "0.5 is no element of type i32");
  refuse(place + view + R"("stored": {"dtype": "i64", "shape": [4, 2]},
                           "init": 9223372036854775808)",
         "no element of type i64");
}

TEST(Number, RoundsToTheNearestElement) {
  auto bits16 = [](vs_dtype dtype, double value) {
    uint16_t bits[3] = {0, 0, 0x5a5a};
    fillElements(dtype, value, 2, reinterpret_cast<char *>(bits));
    EXPECT_EQ(bits[0], bits[1]);
    EXPECT_EQ(bits[2], 0x5a5a);
    return bits[0];
  };
  EXPECT_EQ(bits16(VS_BF16, 1), 0x3f80);
  EXPECT_EQ(bits16(VS_BF16, -1), 0xbf80);
  EXPECT_EQ(bits16(VS_BF16, 0.1), 0x3dcd);
  EXPECT_EQ(bits16(VS_BF16, 1 + 1 / 256.), 0x3f80); // ties to even
  EXPECT_EQ(bits16(VS_BF16, 1 + 3 / 256.), 0x3f82);
  EXPECT_EQ(bits16(VS_BF16, 1e39), 0x7f80);
  EXPECT_EQ(bits16(VS_F16, 1), 0x3c00);
  EXPECT_EQ(bits16(VS_F16, 0.1), 0x2e66);
  EXPECT_EQ(bits16(VS_F16, 65504), 0x7bff);
  EXPECT_EQ(bits16(VS_F16, 65520), 0x7c00);
  EXPECT_EQ(bits16(VS_F16, 5.960464477539063e-08), 0x0001); // the smallest
  EXPECT_EQ(bits16(VS_F16, 2e-08), 0x0000);
  EXPECT_EQ(bits16(VS_F16, -0.0), 0x8000);
  float padded[6];
  fillShard(VS_F32, 2, {{0, 0}, {2, 1}, {2, 3}},
            reinterpret_cast<char *>(padded));
  EXPECT_EQ((std::vector<float>(padded, padded + 6)),
            (std::vector<float>{2, 0, 0, 2, 0, 0}));
}

// Every 16-bit float is the number that it is read as.
TEST(Number, ReadsWhatItWrites) {
  for (vs_dtype dtype : {VS_F16, VS_BF16})
    for (int bits = 0; bits < 1 << 16; ++bits) {
      auto element = static_cast<uint16_t>(bits), back = uint16_t(0);
      double value = numberAt(dtype, reinterpret_cast<char *>(&element));
      if (std::isnan(value))
        continue;
      fillElements(dtype, value, 1, reinterpret_cast<char *>(&back));
      ASSERT_EQ(element, back) << dtypeName(dtype);
    }
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
