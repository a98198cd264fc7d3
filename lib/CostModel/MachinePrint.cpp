//===- MachinePrint.cpp - Writes machine files ----------------------------===//

#include "lib/CostModel/MachineFields.h"
#include "vescale/CostModel/Machine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <charconv>

using namespace llvm;
using namespace vescale;

/// The shortest text that reads back as the same number.
static std::string shortest(double value) {
  char text[40];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end);
}

namespace {

class Printer {
public:
  explicit Printer(raw_ostream &os) : os(os), json(os, /*IndentSize=*/2) {}

  void machine(const Machine &machine);

private:
  void number(StringRef name, double value) {
    json.attributeBegin(name);
    json.rawValue(shortest(value));
    json.attributeEnd();
  }
  void device(const Device &device);
  /// Samples and points, one a line.
  void gemms(const std::vector<GemmSample> &samples);
  void points(const std::vector<CollectiveCurve::Point> &points);

  raw_ostream &os;
  json::OStream json;
};

} // namespace

void Printer::gemms(const std::vector<GemmSample> &samples) {
  json.array([&] {
    for (const GemmSample &sample : samples)
      json.rawValue([&](raw_ostream &os) {
        os << "{";
        if (sample.batch != 1)
          os << "\"batch\": " << sample.batch << ", ";
        os << "\"m\": " << sample.m << ", \"n\": " << sample.n
           << ", \"k\": " << sample.k << ", \"us\": " << shortest(sample.us)
           << "}";
      });
  });
}

void Printer::points(const std::vector<CollectiveCurve::Point> &points) {
  json.array([&] {
    for (const CollectiveCurve::Point &point : points)
      json.rawValue([&](raw_ostream &os) {
        os << "{\"bytes\": " << point.bytes
           << ", \"us\": " << shortest(point.us) << "}";
      });
  });
}

void Printer::device(const Device &device) {
  json.attribute("name", device.name);
  json.attribute("threads", device.threads);
  json.attribute("memory_bytes", device.memoryBytes);
  json.attributeObject("peak_flops_per_s", [&] {
    for (const auto &[type, flops] : device.peakFlops)
      number(type, flops);
  });
  number("gemm_efficiency", device.gemmEfficiency);
  number("attention_efficiency", device.attentionEfficiency);
  number("vector_flops_per_s", device.vectorFlops);
  number("memory_bytes_per_s", device.memoryBandwidth);
  if (device.cacheBytes) {
    json.attribute("cache_bytes", device.cacheBytes);
    number("cache_bytes_per_s", device.cacheBandwidth);
    number("cache_keeps_us", device.cacheKeepsUs);
  }
  number("product_bytes_per_s", device.productBandwidth);
  number("epilogue_bytes_per_s", device.epilogueBandwidth);
  number("launch_us", device.launchUs);
  if (device.gemms.empty())
    return;
  json.attributeObject("gemms", [&] {
    for (const auto &[type, samples] : device.gemms) {
      json.attributeBegin(type);
      gemms(samples);
      json.attributeEnd();
    }
  });
}

void Printer::machine(const Machine &machine) {
  json.object([&] {
    json.attribute("schema", kMachineSchema);
    json.attribute("name", machine.name);
    json.attributeArray("sources", [&] {
      for (const std::string &source : machine.sources)
        json.value(source);
    });
    json.attribute("devices", machine.devices);
    json.attributeObject("device", [&] { device(machine.device); });
    json.attributeArray("levels", [&] {
      for (const Level &level : machine.levels)
        json.object([&] {
          json.attribute("name", level.name);
          json.attribute("devices", level.devices);
          number("latency_us", level.latencyUs);
          number("bytes_per_s", level.bandwidth);
          json.attribute("shared_by", level.sharedBy);
        });
    });
    json.attributeArray("collectives", [&] {
      for (const CollectiveCurve &curve : machine.collectives)
        json.object([&] {
          json.attribute("kind", collectiveNames()[size_t(curve.kind)]);
          json.attribute("level", curve.level);
          json.attribute("ranks", curve.ranks);
          json.attribute("stride", curve.stride);
          json.attributeBegin("points");
          points(curve.points);
          json.attributeEnd();
        });
    });
    json.attributeObject("overlap", [&] {
      number("compute", machine.overlap.compute);
      number("communication", machine.overlap.communication);
      number("core_share", machine.overlap.coreShare);
    });
    number("slowdown", machine.slowdown);
  });
  os << "\n";
}

std::string Machine::print() const {
  std::string text;
  raw_string_ostream os(text);
  Printer(os).machine(*this);
  return text;
}
