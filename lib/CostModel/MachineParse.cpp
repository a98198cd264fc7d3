//===- MachineParse.cpp - Reads machine files, strictly -------------------===//

#include "lib/CostModel/MachineFields.h"
#include "lib/CostModel/MachinePresets.h"
#include "vescale/CostModel/Machine.h"
#include "vescale/Support/Fields.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace vescale;

static constexpr size_t kMaxBytes = size_t(16) << 20;
static constexpr int64_t kMaxDevices = int64_t(1) << 24;
/// Whatever lies outside was written in other units.
static constexpr double kMinUs = 1e-6, kMaxUs = 1e12;
static constexpr double kMinRate = 1e3, kMaxRate = 1e21;

ArrayRef<StringRef> vescale::collectiveNames() {
  static constexpr StringRef names[] = {"all_reduce", "all_gather",
                                        "reduce_scatter", "all_to_all", "send"};
  return names;
}

static void microseconds(Fields &fields, StringRef name, double &value) {
  fields.number(name, value, kMinUs, kMaxUs);
}

static void rate(Fields &fields, StringRef name, double &value) {
  fields.number(name, value, kMinRate, kMaxRate);
}

/// Refuses what no product can have.
static void checkElementTypes(Fields &fields) {
  for (const auto &field : fields.object)
    if (StringRef name = field.first; !isComment(name) && !elementBytes(name))
      fields.fail(name, "is no element type of products; these are bf16, f16, "
                        "f32, f64, f8E4M3FN, f8E5M2");
}

static void readSample(Fields &fields, GemmSample &sample) {
  fields.require({"m", "n", "k", "us"});
  fields.integer("batch", sample.batch, 1);
  fields.integer("m", sample.m, 1);
  fields.integer("n", sample.n, 1);
  fields.integer("k", sample.k, 1);
  microseconds(fields, "us", sample.us);
}

static void readGemms(Fields &fields, Device &device) {
  checkElementTypes(fields);
  for (const auto &field : fields.object) {
    StringRef type = field.first;
    if (isComment(type))
      continue;
    auto peak = device.peakFlops.find(type.str());
    if (peak == device.peakFlops.end())
      fields.fail(type, "has times of products, but \"device.peak_flops_per_s\""
                        " says nothing of it");
    std::vector<GemmSample> &samples = device.gemms[type.str()];
    fields.list(type, [&](Fields &each) {
      GemmSample sample{1, 1, 1, 1, 1};
      readSample(each, sample);
      double flops = 2.0 * sample.batch * sample.m * sample.n * sample.k;
      if (peak != device.peakFlops.end() &&
          flops / sample.us * 1e6 > 1.01 * peak->second)
        each.fail("us",
                  formatv("is {0}, which would be {1:e2} operations a "
                          "second, more than the peak of {2:e2}",
                          sample.us, flops / sample.us * 1e6, peak->second));
      samples.push_back(sample);
    });
    if (samples.empty())
      fields.fail(type, "needs at least one product");
  }
}

static void readDevice(Fields &fields, Device &device) {
  fields.require({"name", "memory_bytes", "peak_flops_per_s",
                  "vector_flops_per_s", "memory_bytes_per_s"});
  fields.text("name", device.name);
  fields.integer("threads", device.threads, 0, 1 << 20);
  fields.integer("memory_bytes", device.memoryBytes, 1);
  fields.nested("peak_flops_per_s", [&](Fields &peaks) {
    checkElementTypes(peaks);
    for (const auto &field : peaks.object)
      if (StringRef type = field.first; !isComment(type))
        rate(peaks, type, device.peakFlops[type.str()]);
  });
  if (device.peakFlops.empty())
    fields.fail("peak_flops_per_s", "needs at least one element type");
  fields.number("gemm_efficiency", device.gemmEfficiency, 1e-3, 1);
  fields.number("attention_efficiency", device.attentionEfficiency, 1e-3, 1);
  fields.nested("gemms", [&](Fields &gemms) { readGemms(gemms, device); });
  rate(fields, "vector_flops_per_s", device.vectorFlops);
  rate(fields, "memory_bytes_per_s", device.memoryBandwidth);
  fields.integer("cache_bytes", device.cacheBytes, 0);
  if (device.cacheBytes) {
    fields.require({"cache_bytes_per_s"});
    fields.number("cache_bytes_per_s", device.cacheBandwidth,
                  device.memoryBandwidth, kMaxRate);
    fields.number("cache_keeps_us", device.cacheKeepsUs, 0, kMaxUs);
  }
  fields.number("product_bytes_per_s", device.productBandwidth, 0, kMaxRate);
  fields.number("epilogue_bytes_per_s", device.epilogueBandwidth, 0, kMaxRate);
  fields.number("launch_us", device.launchUs, 0, kMaxUs);
}

static void readLevel(Fields &fields, Machine &machine) {
  Level level{"", 2, 1, 1};
  fields.require({"name", "devices", "latency_us", "bytes_per_s"});
  fields.text("name", level.name);
  fields.integer("devices", level.devices, 2, kMaxDevices);
  microseconds(fields, "latency_us", level.latencyUs);
  rate(fields, "bytes_per_s", level.bandwidth);
  fields.integer("shared_by", level.sharedBy, 1, kMaxDevices);
  for (const Level &inner : machine.levels)
    if (inner.name == level.name)
      fields.fail("name", "is \"" + level.name + "\" a second time");
  size_t number = machine.levels.size();
  int64_t inner = number ? machine.levels.back().devices : 1;
  int64_t within = number > 1 ? machine.levels[number - 2].devices : 1;
  if (level.devices <= inner)
    fields.fail("devices", formatv("is {0}, no more than the {1} of the level "
                                   "inside it",
                                   level.devices, inner));
  // Only the last may end with a part of the level inside it.
  if (inner % within)
    fields.fail("devices",
                formatv("is {0}, around groups of {1} that are no whole number "
                        "of the {2} inside them",
                        level.devices, inner, within));
  if (level.sharedBy > level.devices)
    fields.fail("shared_by", formatv("is {0}, more than the {1} devices of the "
                                     "level",
                                     level.sharedBy, level.devices));
  machine.levels.push_back(level);
}

static void readPoint(Fields &fields, CollectiveCurve &curve) {
  CollectiveCurve::Point point{1, 1};
  fields.require({"bytes", "us"});
  fields.integer("bytes", point.bytes, 1);
  microseconds(fields, "us", point.us);
  if (!curve.points.empty() && point.bytes <= curve.points.back().bytes)
    fields.fail("bytes", formatv("is {0}, not above the {1} before it",
                                 point.bytes, curve.points.back().bytes));
  curve.points.push_back(point);
}

/// Whether its level is the innermost one that holds the group.
static void checkPlace(Fields &fields, const CollectiveCurve &curve,
                       const Machine &machine) {
  auto level = find_if(machine.levels, [&](const Level &level) {
    return level.name == curve.level;
  });
  if (level == machine.levels.end())
    return fields.fail("level", "is \"" + curve.level +
                                    "\", which is none of the levels");
  int64_t span = (curve.ranks - 1) * curve.stride + 1;
  if (span > level->devices)
    return fields.fail("ranks",
                       formatv("and \"stride\" span {0} devices, but \"{1}\" "
                               "holds {2}",
                               span, level->name, level->devices));
  if (level != machine.levels.begin() && span <= std::prev(level)->devices)
    fields.fail("level",
                formatv("is \"{0}\", but {1} ranks at stride {2} lie within "
                        "\"{3}\"",
                        curve.level, curve.ranks, curve.stride,
                        std::prev(level)->name));
}

static void readCurve(Fields &fields, Machine &machine) {
  CollectiveCurve curve{Collective::AllReduce, "", 2, 1, {}};
  fields.require({"kind", "level", "ranks", "points"});
  fields.choice("kind", curve.kind, collectiveNames());
  fields.text("level", curve.level);
  fields.integer("ranks", curve.ranks, 2, kMaxDevices);
  fields.integer("stride", curve.stride, 1, kMaxDevices);
  fields.list("points", [&](Fields &each) { readPoint(each, curve); });
  if (curve.points.size() < 2)
    fields.fail("points", "needs at least two sizes");
  checkPlace(fields, curve, machine);
  machine.collectives.push_back(std::move(curve));
}

static void readAll(Fields &fields, Machine &machine) {
  fields.require({"name", "devices", "device"});
  fields.text("name", machine.name);
  if (const json::Value *sources = fields.find("sources")) {
    const json::Array *list = sources->getAsArray();
    for (const json::Value &each : list ? *list : json::Array{0})
      if (std::optional<StringRef> text = each.getAsString())
        machine.sources.push_back(text->str());
      else
        fields.fail("sources", "needs a list of texts");
  }
  fields.integer("devices", machine.devices, 1, kMaxDevices);
  fields.nested("device",
                [&](Fields &device) { readDevice(device, machine.device); });
  fields.list("levels", [&](Fields &level) { readLevel(level, machine); });
  int64_t held = machine.levels.empty() ? 1 : machine.levels.back().devices;
  if (held != machine.devices)
    fields.fail("levels", formatv("hold {0} devices at their last, but "
                                  "\"devices\" is {1}",
                                  held, machine.devices));
  fields.list("collectives", [&](Fields &curve) { readCurve(curve, machine); });
  fields.nested("overlap", [&](Fields &overlap) {
    overlap.number("compute", machine.overlap.compute, 1, 1000);
    overlap.number("communication", machine.overlap.communication, 1, 1000);
    overlap.number("core_share", machine.overlap.coreShare, 0, 1);
  });
  fields.number("slowdown", machine.slowdown, 1, 1000);
}

Expected<Machine> Machine::parse(StringRef text, StringRef file) {
  auto error = [&](const Twine &what) {
    return createStringError(errc::invalid_argument, file + ": " + what);
  };
  Expected<json::Object> object = parseJsonObject(text, kMaxBytes);
  if (!object)
    return error(toString(object.takeError()));
  Fields fields(*object, "");
  std::string schema;
  fields.text("schema", schema);
  if (schema != kMachineSchema)
    return error("needs \"schema\": \"" + kMachineSchema + "\", but has " +
                 (schema.empty() ? Twine("none") : "\"" + schema + "\""));
  Machine machine;
  readAll(fields, machine);
  fields.refuseUnknown();
  if (!fields.error.empty())
    return error(fields.error);
  return machine;
}

std::vector<std::string> Machine::presets() { return presetNames(); }

Expected<Machine> Machine::read(StringRef fileOrPreset) {
  if (isPreset(fileOrPreset))
    return makePreset(fileOrPreset);
  auto buffer = MemoryBuffer::getFile(fileOrPreset, /*IsText=*/true);
  if (!buffer)
    return createStringError(buffer.getError(),
                             fileOrPreset + ": " + buffer.getError().message() +
                                 "; clusters that need no file: " +
                                 join(presetNames(), ":N, ") + ":N");
  return parse((*buffer)->getBuffer(), fileOrPreset);
}
