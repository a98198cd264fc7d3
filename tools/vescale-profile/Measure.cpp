//===- Measure.cpp - Measures this machine --------------------------------===//

#include "tools/vescale-profile/Measure.h"
#include "tools/vescale-profile/Topology.h"
#include "tools/vescale-run/Mpirun.h"
#include "vescale/Report/Environment.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <set>

using namespace llvm;
using namespace vescale;

/// Four digits: more than a measurement is worth.
static double rounded(double value) {
  double unit = std::pow(10, std::floor(std::log10(value)) - 3);
  // By the larger of unit and its inverse, so that decimals stay short.
  return unit < 1 ? std::round(value / unit) / std::round(1 / unit)
                  : std::round(value / unit) * unit;
}

/// Levels by their devices, without times.
static std::vector<Level> levelsOf(const Topology &topology, int64_t ranks,
                                   int64_t threads) {
  std::vector<Level> levels;
  int64_t held = 1;
  auto add = [&](const char *name, int64_t devices) {
    if (devices <= held || devices % held)
      return;
    levels.push_back({name, devices, 0, 0, 1});
    held = devices;
  };
  if (int64_t devices = topology.coresOfComplex / threads; devices < ranks)
    add("core complex", devices);
  if (int64_t devices = topology.coresOfSocket / threads; devices < ranks)
    add("socket", devices);
  if (ranks > held)
    levels.push_back({"node", ranks, 0, 0, 1});
  return levels;
}

/// Groups to measure: of each size that divides the ranks, neighbours and those
/// as far from each other as the blocks of a level.
static std::vector<std::pair<int64_t, int64_t>> groupsOf(ArrayRef<Level> levels,
                                                         int64_t ranks) {
  std::set<int64_t> strides = {1};
  for (const Level &level : levels)
    strides.insert(level.devices);
  std::vector<std::pair<int64_t, int64_t>> groups;
  for (int64_t size = 2; size <= ranks; ++size)
    for (int64_t stride : strides)
      if (ranks % (size * stride) == 0)
        groups.push_back({size, stride});
  return groups;
}

/// What fits into a rank's share of the caches.
static int64_t cacheBytes(const Topology &topology, int64_t threads) {
  int64_t shared = topology.coresOfComplex
                       ? topology.sharedCacheBytes / topology.coresOfComplex
                       : 0;
  return threads * (topology.privateCacheBytes + shared);
}

static json::Object makeRequest(const MeasureOptions &options,
                                ArrayRef<Level> levels, int64_t cache,
                                StringRef libraries, StringRef out) {
  json::Array groups;
  for (auto [size, stride] : groupsOf(levels, options.ranks))
    groups.push_back(json::Array{size, stride});
  // Half of the cache leaves room for the other half of a rank's life; four
  // times of it lie in memory.
  int64_t inCache = std::max<int64_t>(cache / 2, 64 << 10);
  return json::Object{
      {"out", out},
      {"libraries", libraries},
      {"transport", options.plain ? "plain" : "auto"},
      {"threads", options.threads},
      {"seconds", options.seconds},
      {"rounds", options.rounds},
      {"largest_size", options.maxSize},
      {"largest_bytes", options.maxBytes},
      {"groups", std::move(groups)},
      {"cache_bytes", inCache},
      {"memory_bytes", std::max<int64_t>(4 * cache, int64_t(64) << 20)}};
}

static double numberOf(const json::Object &object, StringRef name) {
  return rounded(object.getNumber(name).value_or(0));
}

static void readGemms(const json::Object &gemms, Device &device) {
  for (const auto &[type, samples] : gemms)
    for (const json::Value &each : *samples.getAsArray()) {
      const json::Object &sample = *each.getAsObject();
      device.gemms[type.str()].push_back(
          {*sample.getInteger("batch"), *sample.getInteger("m"),
           *sample.getInteger("n"), *sample.getInteger("k"),
           numberOf(sample, "us")});
    }
}

static void readCurves(const json::Array &curves, Machine &machine) {
  ArrayRef<StringRef> kinds = collectiveNames();
  for (const json::Value &each : curves) {
    const json::Object &object = *each.getAsObject();
    CollectiveCurve curve;
    curve.kind =
        Collective(find(kinds, *object.getString("kind")) - kinds.begin());
    curve.ranks = *object.getInteger("ranks");
    curve.stride = *object.getInteger("stride");
    int64_t span = (curve.ranks - 1) * curve.stride + 1;
    curve.level = find_if(machine.levels, [&](const Level &level) {
                    return level.devices >= span;
                  })->name;
    for (const json::Value &point : *object.getArray("points"))
      curve.points.push_back({*point.getAsObject()->getInteger("bytes"),
                              numberOf(*point.getAsObject(), "us")});
    if (curve.points.size() > 1)
      machine.collectives.push_back(std::move(curve));
  }
}

/// The latency and bandwidth that explain the gathers of the smallest group
/// that crosses the level from block to block inside it; of all ranks, where
/// none was timed.
static void fitLevels(Machine &machine) {
  int64_t inside = 1;
  for (Level &level : machine.levels) {
    const CollectiveCurve *best = nullptr;
    for (const CollectiveCurve &curve : machine.collectives) {
      bool crossesAlone = curve.level == level.name && curve.stride == inside;
      bool isAll = curve.ranks == machine.devices;
      if (curve.kind == Collective::AllGather && (crossesAlone || isAll) &&
          (!best || curve.ranks < best->ranks))
        best = &curve;
    }
    double ranks = best->ranks;
    const CollectiveCurve::Point &small = best->points.front(),
                                 &large = best->points.back();
    level.latencyUs = rounded(small.us / std::ceil(std::log2(ranks)));
    level.bandwidth =
        rounded((ranks - 1) / ranks * large.bytes / large.us * 1e6);
    inside = level.devices;
  }
}

static int64_t memoryOf(const Memory &memory) {
  return memory.limit > 0 ? std::min(memory.limit, memory.total) : memory.total;
}

static void readResult(const json::Object &result, Machine &machine) {
  Device &device = machine.device;
  for (const auto &[type, flops] : *result.getObject("peak_flops_per_s"))
    device.peakFlops[type.str()] = rounded(*flops.getAsNumber());
  readGemms(*result.getObject("gemms"), device);
  device.attentionEfficiency = numberOf(result, "attention_efficiency");
  device.vectorFlops = numberOf(result, "vector_flops_per_s");
  device.memoryBandwidth = numberOf(result, "memory_bytes_per_s");
  device.cacheBandwidth =
      std::max(numberOf(result, "cache_bytes_per_s"), device.memoryBandwidth);
  device.cacheKeepsUs = numberOf(result, "cache_keeps_us");
  device.productBandwidth = numberOf(result, "product_bytes_per_s");
  device.epilogueBandwidth = numberOf(result, "epilogue_bytes_per_s");
  device.launchUs = numberOf(result, "launch_us");
  readCurves(*result.getArray("collectives"), machine);
  fitLevels(machine);
}

/// Tensors that leave most of the shared memory free: each rank's part of it
/// holds two.
static int64_t fittingBytes(int64_t wanted, const Memory &memory,
                            int64_t ranks) {
  int64_t bytes = wanted;
  while (memory.sharedFree > 0 && 2 * bytes * ranks > memory.sharedFree / 2 &&
         bytes > 1 << 20)
    bytes /= 2;
  if (bytes < wanted)
    errs() << formatv("note: collectives are timed up to {0} bytes, not {1}: "
                      "/dev/shm has {2} bytes free\n",
                      bytes, wanted, memory.sharedFree);
  return bytes;
}

int vescale::measureMachine(const MeasureOptions &given,
                            StringRef toolDirectory, Machine &machine) {
  Topology topology = readTopology();
  MeasureOptions options = given;
  if (!options.ranks)
    options.ranks = std::max<int64_t>(topology.cores / options.threads, 1);
  if (options.ranks * options.threads > topology.cores) {
    errs() << formatv("note: {0} x {1} (ranks x threads) share {2} cores: they "
                      "take turns, and the file holds for that alone\n",
                      options.ranks, options.threads, topology.cores);
    setenv("OMP_WAIT_POLICY", "passive", 0);
  }
  SmallString<128> program(toolDirectory), libraries(toolDirectory), out;
  sys::path::append(program, "vescale-profile-rank");
  sys::path::append(libraries, "..", "lib");
  if (std::error_code error =
          sys::fs::createTemporaryFile("vescale-profile", "json", out))
    return fail(exitRunFailed, "a temporary file: " + error.message());
  FileRemover remover(out);

  Environment environment = readEnvironment(libraries);
  if (!options.plain)
    options.maxBytes =
        fittingBytes(options.maxBytes, environment.memory, options.ranks);
  machine.levels = levelsOf(topology, options.ranks, options.threads);
  machine.devices = options.ranks;
  machine.device.threads = options.threads;
  machine.device.memoryBytes = memoryOf(environment.memory) / options.ranks;
  machine.device.cacheBytes = cacheBytes(topology, options.threads);
  machine.device.name = environment.processor.model;
  std::string request;
  raw_string_ostream(request) << json::Value(makeRequest(
      options, machine.levels, machine.device.cacheBytes, libraries, out));
  if (int code = runRanks(options.ranks, program.str().str(), {request}))
    return code;

  auto buffer = MemoryBuffer::getFile(out);
  Expected<json::Value> value =
      json::parse(buffer ? (*buffer)->getBuffer() : StringRef());
  if (!value || !value->getAsObject()) {
    consumeError(value.takeError());
    return fail(exitRunFailed, "the ranks ended without a result");
  }
  const json::Object &result = *value->getAsObject();
  readResult(result, machine);
  // There is no thread for exchanges: a rank's own cores move them.
  machine.overlap.coreShare = 1;
  machine.name = formatv("{0}, {1} x {2}", machine.device.name, options.ranks,
                         options.threads);
  machine.sources = {
      formatv("vescale-profile {0}: {1} x {2} (ranks x threads), transport: "
              "{3}, rounds: {4}",
              environment.version, options.ranks, options.threads,
              *result.getString("transport"), *result.getInteger("rounds"))};
  return exitDone;
}
