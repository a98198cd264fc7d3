// Whole programs through vescale-run and DIR/run: a hand-written two-layer MLP
// on one and two ranks; right results, refusals, dying and hanging ranks.
#include "runtime/core/Layout.h"
#include "runtime/io/TensorFile.h"
#include "test/Runtime/Process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <unistd.h>

using namespace vescale::runtime;
using namespace vescale::test;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Seconds after which what a test waits for will not come any more, on however
/// busy a machine.
static constexpr double kPatience = 120;

namespace {

constexpr int batch = 8, in = 16, hidden = 32, out = 10;

class Program : public testing::Test {
protected:
  void SetUp() override {
    dir = fs::canonical(fs::temp_directory_path()) /
          ("vescale-program-" + std::to_string(getpid()));
    fs::create_directories(dir);
    std::mt19937 engine(11);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (auto *values : {&x, &w1, &b1, &w2, &b2})
      for (float &value : *values)
        value = uniform(engine);
    writeInput("in.npz", "x", {batch, in});
  }
  void TearDown() override { fs::remove_all(dir); }

  /// A bundle for `tp` ranks, and its manifest to be changed and saved again.
  std::string makeBundle(int tp) {
    std::string bundle = dir / ("mlp" + std::to_string(tp));
    fs::copy(std::string(VESCALE_TEST_BUNDLES) + "/mlp" + std::to_string(tp),
             bundle, fs::copy_options::recursive);
    fs::create_directories(bundle + "/weights");
    std::ofstream weights(bundle + "/weights/w.bin", std::ios::binary);
    Json parameters = Json::array();
    int64_t offset = 0, at = 1024;
    auto add = [&](const char *name, const std::vector<float> &values,
                   std::vector<int64_t> shape, int sharded, int64_t bytes,
                   Json packed) {
      int64_t size = static_cast<int64_t>(values.size()) * 4;
      weights.write(reinterpret_cast<const char *>(values.data()), size);
      Json dims = Json::array();
      for (size_t dim = 0; dim < shape.size(); ++dim)
        dims.push_back(static_cast<int>(dim) == sharded ? Json{"tp"}
                                                        : Json::array());
      std::vector<int64_t> strides = shape.size() == 2
                                         ? std::vector<int64_t>{shape[1], 1}
                                         : std::vector<int64_t>{1};
      parameters.push_back({{"name", name},
                            {"dtype", "f32"},
                            {"shape", shape},
                            {"source",
                             {{"file", "weights/w.bin"},
                              {"offset", offset},
                              {"bytes", size},
                              {"dtype", "f32"},
                              {"shape", shape}}},
                            {"view", {{"offset", 0}, {"strides", strides}}},
                            {"layout", {{"dims", dims}}},
                            {"at", {{"space", "arena"}, {"offset", at}}},
                            {"packed", packed}});
      offset += size;
      at += bytes;
    };
    add("fc1.weight", w1, {in, hidden}, 1, 16 * 64 * 4,
        {{"k", in}, {"n", hidden / tp}, {"transposed", false}});
    // w2 is stored as out×hidden, the way torch.nn.Linear has it.
    add("fc2.weight", w2, {out, hidden}, 1, 32 * 64 * 4,
        {{"k", hidden / tp}, {"n", out}, {"transposed", true}});
    add("fc1.bias", b1, {hidden}, 0, 128, nullptr);
    add("fc2.bias", b2, {out}, -1, 64, nullptr);
    int64_t arena = at + 1024 + 65536;
    Json place = tp > 1 ? Json{{"space", "comm"}, {"offset", 0}}
                        : Json{{"space", "arena"}, {"offset", arena}};
    Json none = {{"dims", {Json::array(), Json::array()}}};
    std::vector<int> ranks;
    for (int rank = 0; rank < tp; ++rank)
      ranks.push_back(rank);
    manifest = {{"schema", "vescale.manifest/1"},
                {"model", "mlp"},
                {"target", {{"kind", "cpu"}, {"isa", "x86-64-v3"}}},
                {"mesh", Json::array({Json::array({"tp", tp})})},
                {"programs",
                 Json::array({{{"file", "programs/0"},
                               {"ranks", ranks},
                               {"hash", "mlp-hash"},
                               {"arena_bytes", tp > 1 ? arena : arena + 320},
                               {"comm_bytes", tp > 1 ? 320 : 0}}})},
                {"inputs",
                 Json::array({{{"name", "x"},
                               {"dtype", "f32"},
                               {"shape", {batch, in}},
                               {"layout", none},
                               {"at", {{"space", "arena"}, {"offset", 0}}}}})},
                {"outputs", Json::array({{{"name", "y"},
                                          {"dtype", "f32"},
                                          {"shape", {batch, out}},
                                          {"layout", none},
                                          {"at", place}}})},
                {"parameters", parameters}};
    save(bundle);
    return bundle;
  }
  void save(const std::string &bundle) {
    std::ofstream(bundle + "/manifest.json") << manifest.dump(1);
  }

  std::string writeInput(const std::string &file, const std::string &name,
                         std::vector<int64_t> shape) {
    TensorInfo info{name, VS_F32, shape, checkedBytes(shape, 4)};
    std::string path = dir / file;
    writeTensorFile(path, {{info, reinterpret_cast<char *>(x.data())}});
    return path;
  }

  struct Result {
    int code;
    std::string out, err;
  };
  Result run(std::vector<std::string> words,
             std::map<std::string, std::string> environment = {},
             double limit = kPatience) {
    Process process(words, dir / "process", environment);
    int code = process.wait(limit);
    return {code, process.out(), process.err()};
  }
  Result runBundle(const std::string &bundle,
                   std::vector<std::string> flags = {},
                   std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> words = {VESCALE_RUN, bundle,
                                      "--input=" + (dir / "in.npz").string()};
    words.insert(words.end(), flags.begin(), flags.end());
    return run(words, environment);
  }
  void expectRefusal(const Result &result, int code,
                     std::initializer_list<const char *> texts) {
    EXPECT_EQ(result.code, code) << result.err;
    for (const char *text : texts)
      EXPECT_NE(result.err.find(text), std::string::npos)
          << "no '" << text << "' in: " << result.err;
  }

  void expectOutput(const std::string &path) {
    auto file = openTensorFile(path);
    ASSERT_EQ(file->tensors().size(), 1u);
    ASSERT_EQ(file->tensors()[0].shape, (std::vector<int64_t>{batch, out}));
    std::vector<float> y(batch * out);
    file->read(0, y.data());
    for (int i = 0; i < batch; ++i)
      for (int j = 0; j < out; ++j) {
        double sum = b2[j];
        for (int h = 0; h < hidden; ++h) {
          double value = b1[h];
          for (int p = 0; p < in; ++p)
            value += double(x[i * in + p]) * w1[p * hidden + h];
          sum += std::max(value, 0.0) * w2[j * hidden + h];
        }
        ASSERT_NEAR(y[i * out + j], sum, 1e-4) << i << ", " << j;
      }
  }

  fs::path dir;
  Json manifest;
  std::vector<float> x = std::vector<float>(batch * in),
                     w1 = std::vector<float>(in * hidden),
                     b1 = std::vector<float>(hidden),
                     w2 = std::vector<float>(out * hidden),
                     b2 = std::vector<float>(out);
};

TEST_F(Program, RunsOnOneRankInAllFormats) {
  std::string bundle = makeBundle(1);
  for (const char *format : {"npz", "npy", "safetensors"}) {
    std::string input =
        writeInput(std::string("x.") + format, "x", {batch, in});
    std::string output = dir / (std::string("y.") + format);
    Result result =
        run({VESCALE_RUN, bundle, "--input", input, "--output=" + output});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "");
    expectOutput(output);
  }
}

TEST_F(Program, RunsOnTwoRanks) {
  std::string bundle = makeBundle(2), output = dir / "y.npz";
  for (const char *transport : {"auto", "plain"}) {
    fs::remove(output);
    Result result =
        runBundle(bundle, {"--output=" + output, "--", "--repeat=3", "--json",
                           std::string("--transport=") + transport});
    ASSERT_EQ(result.code, 0) << result.err;
    Json report = Json::parse(result.out);
    EXPECT_EQ(report["ranks"], 2);
    EXPECT_EQ(report["runs"], 3);
    EXPECT_EQ(report["transport"], std::string(transport) == "auto"
                                       ? "MPI, shared windows"
                                       : "MPI, messages");
    EXPECT_GT(report["step_ms"]["median"], 0.0);
    expectOutput(output);
  }
}

TEST_F(Program, RefusesArguments) {
  std::string bundle = makeBundle(1);
  expectRefusal(run({VESCALE_RUN}), 2, {"no bundle"});
  expectRefusal(run({VESCALE_RUN, bundle, "--repeat=3"}), 2,
                {"--repeat", "after --"});
  expectRefusal(runBundle(bundle, {"--", "--bogus"}), 2, {"--bogus"});
  expectRefusal(runBundle(bundle, {"--", "--threads=0"}), 2, {"--threads=0"});
  expectRefusal(runBundle(bundle, {"--", "--simulate-link=5"}), 2,
                {"--simulate-link=5", "MiB/s"});
  expectRefusal(runBundle(bundle, {"--", "--simulate-link=5,0"}), 2,
                {"--simulate-link=0", "0.001"});
  expectRefusal(run({VESCALE_RUN, bundle}), 2, {"'x'", "--input"});
  expectRefusal(runBundle(bundle, {"-n", "3"}), 3, {"1 rank", "3"});
  EXPECT_NE(run({bundle + "/run", "--help"}).out.find("examples:"),
            std::string::npos);
}

TEST_F(Program, RefusesInputs) {
  std::string bundle = makeBundle(1);
  auto with = [&](const std::string &path) {
    return run({VESCALE_RUN, bundle, "--input=" + path});
  };
  expectRefusal(with(writeInput("a.npz", "x", {in, batch})), 3,
                {"'x'", "16x8", "8x16"});
  expectRefusal(with(writeInput("b.npz", "z", {batch, in})), 3,
                {"'x'", "8x16", "missing"});
  expectRefusal(with(dir / "none.npz"), 3, {"none.npz"});
  TensorInfo x8{"x", VS_F32, {batch, in}, batch * in * 4}, extra = x8;
  extra.name = "extra";
  const char *data = reinterpret_cast<char *>(x.data());
  writeTensorFile(dir / "c.npz", {{x8, data}, {extra, data}});
  expectRefusal(with(dir / "c.npz"), 3, {"'extra'", "no input"});
  TensorInfo integers{"x", VS_I32, {batch, in}, batch * in * 4};
  writeTensorFile(dir / "d.npz", {{integers, data}});
  expectRefusal(with(dir / "d.npz"), 3, {"'x'", "i32", "f32"});
}

TEST_F(Program, RefusesBundles) {
  std::string bundle = makeBundle(1);
  Json good = manifest;
  auto with = [&](auto change) {
    manifest = good;
    change(manifest);
    save(bundle);
    return runBundle(bundle);
  };
  expectRefusal(with([](Json &m) { m["schema"] = "vescale.manifest/9"; }), 3,
                {"vescale.manifest/9", "vescale.manifest/1"});
  expectRefusal(with([](Json &m) { m["programs"][0]["hash"] = "other"; }), 3,
                {"other", "mlp-hash"});
  expectRefusal(with([](Json &m) { m["programs"][0]["arena_bytes"] = 64; }), 3,
                {"64"});
  expectRefusal(with([](Json &m) { m.erase("inputs"); }), 3, {"'inputs'"});
  expectRefusal(
      with([](Json &m) { m["parameters"][0]["source"]["offset"] = 1 << 20; }),
      3, {"fc1.weight", "1048576"});
  expectRefusal(with([](Json &m) {
                  m["parameters"][2]["source"]["file"] = "weights/no.bin";
                }),
                3, {"fc1.bias", "no.bin"});
  expectRefusal(
      with([](Json &m) { m["parameters"][1]["view"]["strides"] = {1000, 1}; }),
      3, {"fc2.weight", "10x32"});
  expectRefusal(
      with([](Json &m) { m["parameters"][0]["source"]["dtype"] = "i32"; }), 3,
      {"fc1.weight", "i32", "f32"});
  expectRefusal(
      with([](Json &m) { m["outputs"][0]["at"]["offset"] = int64_t(1) << 40; }),
      3, {"'y'", "1099511627776"});
}

TEST_F(Program, RefusesAWorldThatDisagrees) {
  std::string one = makeBundle(1), two = makeBundle(2);
  std::string input = "--input=" + (dir / "in.npz").string();
  // torchrun without MPI: each process would believe in a world of one.
  expectRefusal(
      run({two + "/run", input}, {{"WORLD_SIZE", "2"}, {"RANK", "0"}}), 3,
      {"torchrun", "WORLD_SIZE=2"});
  expectRefusal(run({two + "/run", input}), 3, {"tp=2", "2 ranks", "1 are"});
  expectRefusal(runBundle(two, {}, {{"WORLD_SIZE", "4"}}), 3,
                {"WORLD_SIZE=4", "world of 2"});
  expectRefusal(runBundle(one, {}, {{"SLURM_NTASKS", "4"}}), 3,
                {"SLURM_NTASKS=4", "world of 1"});
}

TEST_F(Program, WritesTheErrorFile) {
  std::string bundle = makeBundle(1), path = dir / "error.json";
  run({VESCALE_RUN, bundle, "--input=/none.npz"},
      {{"TORCHELASTIC_ERROR_FILE", path}});
  Json error = Json::parse(std::ifstream(path));
  EXPECT_NE(error["message"]["message"].get<std::string>().find("none.npz"),
            std::string::npos);
  EXPECT_EQ(error["message"]["extraInfo"]["exit_code"], 3);
}

TEST_F(Program, AKilledRankEndsAll) {
  std::string bundle = makeBundle(2), program = bundle + "/programs/0";
  Process process({VESCALE_RUN, bundle, "--input=" + (dir / "in.npz").string()},
                  dir / "process", {{"MLP_PAUSE", "1 600"}});
  ASSERT_TRUE(process.waitToSay("mlp pauses", kPatience)) << process.err();
  auto victims = processesOf(program, "OMPI_COMM_WORLD_RANK=1");
  ASSERT_EQ(victims.size(), 1u) << process.err();
  kill(victims[0], SIGKILL);
  EXPECT_EQ(process.wait(kPatience), 1);
  EXPECT_TRUE(waitForProcesses(program, "", 0, kPatience));
  EXPECT_NE(process.err().find("rank 1"), std::string::npos) << process.err();
}

TEST_F(Program, AHungRankIsNamed) {
  std::string bundle = makeBundle(2), program = bundle + "/programs/0";
  Result result =
      runBundle(bundle, {"--", "--timeout=1"}, {{"MLP_PAUSE", "1 600"}});
  expectRefusal(result, 1,
                {"no progress for 1 s", "rank 1", "test.pause", "mlp.pause"});
  EXPECT_TRUE(waitForProcesses(program, "", 0, kPatience));
}

TEST_F(Program, RefusesFlagsOfTraining) {
  std::string bundle = makeBundle(1);
  for (const char *flag : {"--save-dir=x", "--log=x", "--resume", "--keep=2"})
    expectRefusal(runBundle(bundle, {"--", flag}), 2,
                  {"no training step", std::string(flag).substr(0, 5).c_str()});
}

/// At any moment from a program's first instruction on.
TEST_F(Program, StopsInOrder) {
  for (int ranks : {1, 2})
    for (int milliseconds : {0, 3, 10, 30, 100, 300}) {
      std::string bundle = makeBundle(ranks), program = bundle + "/programs/0";
      Process process({VESCALE_RUN, bundle,
                       "--input=" + (dir / "in.npz").string(), "--",
                       "--repeat=1000000"},
                      dir / "process");
      ASSERT_TRUE(waitForProcesses(program, "", ranks, kPatience))
          << process.err();
      usleep(milliseconds * 1000);
      process.signal(SIGTERM);
      EXPECT_EQ(process.wait(kPatience), 75) << process.err();
      EXPECT_NE(process.err().find(ranks == 1 ? "stopped in order by a signal"
                                              : "a signal ended the run"),
                std::string::npos)
          << process.err();
      EXPECT_TRUE(waitForProcesses(program, "", 0, kPatience));
      fs::remove_all(bundle);
    }
}

TEST_F(Program, UsesItsOwnLibrariesAndOneOpenMPRuntime) {
  std::string bundle = makeBundle(1), program = bundle + "/programs/0";
  Process process({VESCALE_RUN, bundle, "--input=" + (dir / "in.npz").string(),
                   "--", "--threads=2"},
                  dir / "process", {{"MLP_PAUSE", "0 600"}});
  ASSERT_TRUE(process.waitToSay("mlp pauses", kPatience)) << process.err();
  auto found = processesOf(program, "");
  ASSERT_EQ(found.size(), 1u);
  std::ifstream maps("/proc/" + std::to_string(found[0]) + "/maps");
  std::set<std::string> runtimes;
  for (std::string line; std::getline(maps, line);)
    for (const char *name : {"libgomp", "libomp", "libiomp"})
      if (line.find(name) != std::string::npos)
        runtimes.insert(line.substr(line.rfind('/')));
  EXPECT_EQ(runtimes.size(), 1u);
  // What the bundle carries is used, not what the machine happens to have.
  maps.clear();
  maps.seekg(0);
  std::set<std::string> carried;
  for (std::string line; std::getline(maps, line);)
    if (line.find(bundle + "/lib/") != std::string::npos)
      carried.insert(line.substr(line.rfind('/') + 1));
  for (const char *name : {"libvescale_runtime.so", "libdnnl.so.2",
                           "libgomp.so.1", "libzip.so.4", "libOpenCL.so.1"})
    EXPECT_TRUE(carried.count(name)) << name;
  process.signal(SIGKILL);
}

} // namespace
