//===- GalvatronProfile.cpp - Machine files out of Galvatron's ------------===//
//
// Its files, for clusters of N nodes of G GPUs
// (docs/Reference/machine-file.md):
//   allreduce_bandwidth_NnodesG…  allreduce_size_S_consec_C: the bus bandwidth
//                                 that nccl-tests prints, in GB/s, of groups of
//                                 S neighbours (C = 1) or of S as far apart as
//                                 can be (C = 0)
//   p2p_bandwidth_NnodesG…        pp_size_S: of S as far apart as can be, in
//                                 GB/s
//   sp_time_NnodesG…              allreduce_size_S_XMB_time and
//                                 all2all_size_S_XMB_time: milliseconds, of
//                                 neighbours, X MiB on each
//   overlap_coefficient.json      overlap_coe
//
//===----------------------------------------------------------------------===//

#include "vescale/CostModel/GalvatronProfile.h"
#include "vescale/Support/Fields.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace llvm;
using namespace vescale;

static constexpr size_t kMaxBytes = 1 << 20;
static constexpr double kMiB = 1 << 20;

static Error makeError(const Twine &what) {
  return createStringError(errc::invalid_argument, what);
}

namespace {

/// One of the profiled clusters.
struct Shape {
  int64_t nodes, gpus;
  int64_t world() const { return nodes * gpus; }
  std::string text() const {
    return formatv("{0}nodes_{1}gpus_per_node", nodes, gpus);
  }
};

/// Reads one file's numbers: the whole number or two in each key, and what it
/// is mapped to.
class Profile {
public:
  Profile(std::string directory, Shape shape, Machine &machine)
      : directory(std::move(directory)), shape(shape), machine(machine) {}

  Error readAll();

private:
  using Read = function_ref<Error(StringRef key, double value)>;
  Error readFile(const Twine &name, bool isNeeded, Read read);
  Error readBandwidth(StringRef key, double gigabytes);
  Error readSend(StringRef key, double gigabytes);
  Error readTime(StringRef key, double milliseconds);
  Error checkGroup(StringRef key, int64_t size) const;
  CollectiveCurve &curve(Collective kind, int64_t ranks, int64_t stride);
  void addReductions(int64_t ranks, int64_t stride, int64_t bytes, double us);

  std::string directory;
  Shape shape;
  Machine &machine;
};

} // namespace

/// The profiled clusters that a folder has files of.
static Expected<std::vector<Shape>> findShapes(StringRef directory) {
  std::vector<Shape> shapes;
  std::error_code error;
  for (sys::fs::directory_iterator at(directory, error), end;
       !error && at != end; at.increment(error)) {
    StringRef name = sys::path::filename(at->path());
    Shape shape;
    if (name.consume_front("allreduce_bandwidth_") &&
        !name.consumeInteger(10, shape.nodes) && name.consume_front("nodes_") &&
        !name.consumeInteger(10, shape.gpus) && name == "gpus_per_node.json" &&
        shape.nodes >= 1 && shape.gpus >= 1 && shape.nodes <= 1 << 16 &&
        shape.gpus <= 1 << 10 && shape.world() > 1)
      shapes.push_back(shape);
  }
  if (error)
    return makeError(directory + ": " + error.message());
  llvm::sort(shapes, [](const Shape &a, const Shape &b) {
    return std::pair(a.world(), a.nodes) < std::pair(b.world(), b.nodes);
  });
  return shapes;
}

static Expected<Shape> chooseShape(StringRef directory, int64_t devices) {
  Expected<std::vector<Shape>> found = findShapes(directory);
  if (!found)
    return found.takeError();
  std::vector<Shape> fitting;
  std::string all;
  for (const Shape &shape : *found) {
    all += (all.empty() ? "" : ", ") + std::to_string(shape.nodes) + "x" +
           std::to_string(shape.gpus);
    if (!devices || shape.world() == devices)
      fitting.push_back(shape);
  }
  if (fitting.size() == 1)
    return fitting.front();
  if (found->empty())
    return makeError(directory + ": no profile of Galvatron's: no "
                                 "allreduce_bandwidth_*.json in it");
  return makeError(directory + ": " +
                   (devices ? "profiles of " + Twine(devices) +
                                  " GPUs: " + Twine(fitting.size())
                            : Twine("profiles of several clusters")) +
                   "; it has (nodes x GPUs) " + all +
                   ", of which the number of GPUs picks one");
}

Error Profile::readFile(const Twine &name, bool isNeeded, Read read) {
  SmallString<128> path(directory);
  sys::path::append(path, name);
  if (!isNeeded && !sys::fs::exists(path))
    return Error::success();
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return makeError(path + ": " + buffer.getError().message());
  Expected<json::Object> object =
      parseJsonObject((*buffer)->getBuffer(), kMaxBytes);
  if (!object)
    return makeError(path + ": " + toString(object.takeError()));
  Fields fields(*object, "");
  for (const auto &[key, unused] : *object) {
    double value = 1;
    fields.number(key, value, 1e-9, 1e9);
    if (!fields.error.empty())
      return makeError(path + ": " + fields.error);
    if (Error error = read(key, value))
      return makeError(path + ": " + toString(std::move(error)));
  }
  return Error::success();
}

Error Profile::checkGroup(StringRef key, int64_t size) const {
  if (size >= 2 && size <= shape.world() && shape.world() % size == 0)
    return Error::success();
  return makeError("\"" + key + "\" is of " + Twine(size) +
                   " GPUs, which don't divide the cluster's " +
                   Twine(shape.world()));
}

CollectiveCurve &Profile::curve(Collective kind, int64_t ranks,
                                int64_t stride) {
  for (CollectiveCurve &curve : machine.collectives)
    if (curve.kind == kind && curve.ranks == ranks && curve.stride == stride)
      return curve;
  bool isInside = (ranks - 1) * stride + 1 <= machine.levels[0].devices;
  machine.collectives.push_back(
      {kind, machine.levels[isInside ? 0 : 1].name, ranks, stride, {}});
  return machine.collectives.back();
}

/// Galvatron takes a gather or a scatter for half of an all-reduce.
void Profile::addReductions(int64_t ranks, int64_t stride, int64_t bytes,
                            double us) {
  curve(Collective::AllReduce, ranks, stride).points.push_back({bytes, us});
  for (Collective half : {Collective::AllGather, Collective::ReduceScatter})
    curve(half, ranks, stride).points.push_back({bytes, us / 2});
}

Error Profile::readBandwidth(StringRef key, double gigabytes) {
  StringRef rest = key;
  int64_t size, consecutive;
  if (!rest.consume_front("allreduce_size_") || rest.consumeInteger(10, size) ||
      !rest.consume_front("_consec_") || rest.getAsInteger(10, consecutive) ||
      consecutive > 1 || consecutive < 0)
    return makeError("\"" + key + "\" is no allreduce_size_S_consec_C");
  if (Error error = checkGroup(key, size))
    return error;
  int64_t stride = consecutive ? 1 : shape.world() / size;
  double bytesPerUs = gigabytes * 1e3;
  // For groups that have no curve: what bus bandwidth says of the levels.
  if (stride == 1 && size == machine.levels[0].devices)
    machine.levels[0].bandwidth = gigabytes * 1e9;
  else if (size == shape.world())
    machine.levels[1].bandwidth = gigabytes * 1e9 / shape.gpus;
  if (!curve(Collective::AllReduce, size, stride).points.empty())
    return Error::success(); // its times are known
  for (double bytes : {kMiB, 1024 * kMiB})
    addReductions(size, stride, int64_t(bytes),
                  2.0 * (size - 1) / size * bytes / bytesPerUs);
  return Error::success();
}

Error Profile::readSend(StringRef key, double gigabytes) {
  StringRef rest = key;
  int64_t size;
  if (!rest.consume_front("pp_size_") || rest.getAsInteger(10, size))
    return makeError("\"" + key + "\" is no pp_size_S");
  if (Error error = checkGroup(key, size))
    return error;
  for (double bytes : {kMiB, 1024 * kMiB})
    curve(Collective::Send, size, shape.world() / size)
        .points.push_back({int64_t(bytes), bytes / (gigabytes * 1e3)});
  return Error::success();
}

Error Profile::readTime(StringRef key, double milliseconds) {
  StringRef rest = key;
  bool reduces = rest.consume_front("allreduce_size_");
  int64_t size, mebibytes;
  if ((!reduces && !rest.consume_front("all2all_size_")) ||
      rest.consumeInteger(10, size) || !rest.consume_front("_") ||
      rest.consumeInteger(10, mebibytes) || rest != "MB_time" ||
      mebibytes < 1 || mebibytes > 1 << 20)
    return makeError("\"" + key +
                     "\" is neither allreduce_size_S_XMB_time nor "
                     "all2all_size_S_XMB_time");
  if (Error error = checkGroup(key, size))
    return error;
  int64_t bytes = mebibytes << 20;
  if (reduces)
    addReductions(size, 1, bytes, milliseconds * 1e3);
  else // each rank's buffer
    curve(Collective::AllToAll, size, 1)
        .points.push_back({bytes * size, milliseconds * 1e3});
  return Error::success();
}

Error Profile::readAll() {
  // Times by size first: they say more than a bandwidth.
  if (Error error = readFile(
          "sp_time_" + shape.text() + ".json", /*isNeeded=*/false,
          [&](StringRef key, double value) { return readTime(key, value); }))
    return error;
  if (Error error =
          readFile("allreduce_bandwidth_" + shape.text() + ".json",
                   /*isNeeded=*/true, [&](StringRef key, double value) {
                     return readBandwidth(key, value);
                   }))
    return error;
  if (Error error =
          readFile("p2p_bandwidth_" + shape.text() + ".json",
                   /*isNeeded=*/false, [&](StringRef key, double value) {
                     return readSend(key, value);
                   }))
    return error;
  if (Error error = readFile("overlap_coefficient.json", /*isNeeded=*/false,
                             [&](StringRef key, double value) -> Error {
                               if (key != "overlap_coe" || value < 1)
                                 return makeError("\"" + key +
                                                  "\" is no overlap_coe of "
                                                  "at least 1");
                               machine.overlap.compute = value;
                               machine.overlap.communication = value;
                               return Error::success();
                             }))
    return error;
  for (const Level &level : machine.levels)
    if (!level.bandwidth)
      return makeError(directory + ": no bus bandwidth of all GPUs of a " +
                       level.name + " in allreduce_bandwidth_" + shape.text() +
                       ".json");
  // A cluster with one size alone has no line to go on by.
  llvm::erase_if(machine.collectives, [](CollectiveCurve &curve) {
    return curve.points.size() < 2;
  });
  for (CollectiveCurve &curve : machine.collectives)
    llvm::sort(curve.points,
               [](auto &a, auto &b) { return a.bytes < b.bytes; });
  llvm::sort(machine.collectives, [](auto &a, auto &b) {
    return std::tuple(a.kind, a.ranks, a.stride) <
           std::tuple(b.kind, b.ranks, b.stride);
  });
  return Error::success();
}

Expected<Machine> vescale::importGalvatron(StringRef directory, int64_t devices,
                                           const Machine &base) {
  Expected<Shape> shape = chooseShape(directory, devices);
  if (!shape)
    return shape.takeError();
  Machine machine;
  machine.device = base.device;
  machine.devices = shape->world();
  if (shape->gpus > 1)
    machine.levels.push_back({"node", shape->gpus, 0, 0, 1});
  if (shape->nodes > 1)
    machine.levels.push_back({"cluster", shape->world(), 0, 0, 1});
  if (base.levels.size() < machine.levels.size())
    return makeError("'" + base.name + "' has " + Twine(base.levels.size()) +
                     " levels to take latencies from, but the profile in " +
                     directory + " has " + Twine(machine.levels.size()));
  for (auto [level, from] : zip(machine.levels, base.levels))
    level.latencyUs = from.latencyUs;
  machine.name = formatv("{0} nodes of {1} GPUs, profiled by Galvatron",
                         shape->nodes, shape->gpus);
  machine.sources = {
      ("collectives, bandwidths, overlap: Galvatron's hardware profiles in " +
       directory)
          .str(),
      "device and latencies: " + base.name};
  for (const std::string &source : base.sources)
    machine.sources.push_back(base.name + ": " + source);
  if (Error error = Profile(directory.str(), *shape, machine).readAll())
    return std::move(error);
  return machine;
}
