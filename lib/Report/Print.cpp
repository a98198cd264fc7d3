//===- Print.cpp - The environment as a table and as JSON -------*- C++ -*-===//

#include "vescale/Report/Environment.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace vescale;

static std::string humanBytes(int64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = bytes;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  return unit == 0 ? formatv("{0} bytes", bytes).str()
                   : formatv("{0:f1} {1}", value, units[unit]).str();
}

namespace {
/// Lines of two columns; a name is printed once for all its lines.
class Table {
public:
  explicit Table(raw_ostream &os) : os(os) {}

  void line(StringRef name, const Twine &text) {
    os << left_justify(name, 13) << text << '\n';
  }
  void parts(StringRef name, const std::vector<Part> &parts) {
    for (const Part &part : parts) {
      line(name, part.name + (part.detail.empty() ? "" : ": " + part.detail) +
                     (part.isAvailable() ? "" : " (missing)"));
      if (!part.isAvailable())
        line("", "  " + part.problem);
      name = "";
    }
  }

private:
  raw_ostream &os;
};
} // namespace

void vescale::printTable(const Environment &environment, raw_ostream &os) {
  const Processor &processor = environment.processor;
  const Memory &memory = environment.memory;
  Table table(os);
  table.line("vescale", environment.version);
  table.line("LLVM, MLIR", environment.llvmVersion);
  table.parts("libraries", environment.libraries);
  table.line("processor", processor.model + " (" + processor.llvmName + ", " +
                              processor.level + ")");
  table.line("", join(processor.features, " "));
  table.line("cores", Twine(processor.usableCores) + " usable of " +
                          Twine(processor.cores));
  table.line(
      "memory",
      humanBytes(memory.total) + ", " + humanBytes(memory.available) +
          " available" +
          (memory.limit < 0 ? "" : ", limited to " + humanBytes(memory.limit)));
  table.line("/dev/shm", memory.sharedFree < 0
                             ? "missing"
                             : humanBytes(memory.sharedFree) + " free");
  table.parts("targets", environment.targets);
  table.parts("transports", environment.transports);
}

static json::Value toJson(const std::vector<Part> &parts) {
  json::Array array;
  for (const Part &part : parts) {
    json::Object object{{"name", part.name}, {"available", part.isAvailable()}};
    if (!part.detail.empty())
      object["detail"] = part.detail;
    if (!part.isAvailable())
      object["problem"] = part.problem;
    array.push_back(std::move(object));
  }
  return array;
}

static json::Value bytesOrNull(int64_t bytes) {
  return bytes < 0 ? json::Value(nullptr) : json::Value(bytes);
}

void vescale::printJson(const Environment &environment, raw_ostream &os) {
  const Processor &processor = environment.processor;
  const Memory &memory = environment.memory;
  json::Object report{
      {"schema", "vescale.report/1"},
      {"vescale", environment.version},
      {"llvm", environment.llvmVersion},
      {"processor", json::Object{{"model", processor.model},
                                 {"llvm_name", processor.llvmName},
                                 {"level", processor.level},
                                 {"features", json::Array(processor.features)},
                                 {"cores", processor.cores},
                                 {"usable_cores", processor.usableCores}}},
      {"memory",
       json::Object{{"total_bytes", bytesOrNull(memory.total)},
                    {"available_bytes", bytesOrNull(memory.available)},
                    {"limit_bytes", bytesOrNull(memory.limit)},
                    {"shared_free_bytes", bytesOrNull(memory.sharedFree)}}},
      {"libraries", toJson(environment.libraries)},
      {"targets", toJson(environment.targets)},
      {"transports", toJson(environment.transports)}};
  os << formatv("{0:2}", json::Value(std::move(report))) << '\n';
}
