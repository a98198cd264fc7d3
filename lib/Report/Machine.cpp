//===- Machine.cpp - Processor and memory -----------------------*- C++ -*-===//

#include "lib/Report/Machine.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace llvm;
using namespace vescale;

/// The text of a file in /proc or /sys; empty if there is none.
static std::string readText(StringRef path) {
  auto buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// The rest of the first line that begins with `key`, colon and blanks cut.
static std::string field(StringRef text, StringRef key) {
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    if (line.consume_front(key))
      return line.ltrim(" \t:").rtrim().str();
    text = rest;
  }
  return {};
}

/// The highest level of the x86-64 ABI whose features are all there.
static std::string levelOf(const StringMap<bool> &features) {
  if (Triple(sys::getProcessTriple()).getArch() != Triple::x86_64)
    return Triple::getArchTypeName(Triple(sys::getProcessTriple()).getArch())
        .str();
  static const std::vector<StringRef> needed[] = {
      {"cx16", "sahf", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3"},
      {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"},
      {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}};
  int level = 1;
  for (const auto &names : needed) {
    for (StringRef name : names)
      if (!features.lookup(name))
        return "x86-64-v" + std::to_string(level);
    ++level;
  }
  return "x86-64-v" + std::to_string(level);
}

Processor vescale::readProcessor() {
  Processor processor;
  processor.model = field(readText("/proc/cpuinfo"), "model name");
  processor.llvmName = sys::getHostCPUName().str();
  StringMap<bool> features = sys::getHostCPUFeatures();
  processor.level = levelOf(features);
  for (StringRef name :
       {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512vnni",
        "avx512bf16", "avx512fp16", "amx-tile", "amx-bf16", "amx-int8"})
    if (features.lookup(name))
      processor.features.push_back(name.str());
  processor.cores = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t set;
  processor.usableCores = sched_getaffinity(0, sizeof set, &set) == 0
                              ? CPU_COUNT(&set)
                              : processor.cores;
  return processor;
}

/// A line of /proc/meminfo, which counts in KiB.
static int64_t meminfo(StringRef text, StringRef key) {
  std::string value = field(text, key);
  StringRef digits = value;
  int64_t kib;
  return digits.consumeInteger(10, kib) ? -1 : kib << 10;
}

Memory vescale::readMemory() {
  Memory memory;
  std::string text = readText("/proc/meminfo");
  memory.total = meminfo(text, "MemTotal");
  memory.available = meminfo(text, "MemAvailable");
  for (StringRef path : {"/sys/fs/cgroup/memory.max",
                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    int64_t limit;
    std::string value = readText(path);
    // The first version of control groups writes "none" as a huge number.
    if (!StringRef(value).trim().getAsInteger(10, limit) &&
        limit < memory.total)
      memory.limit = limit;
  }
  struct statvfs shared;
  if (statvfs("/dev/shm", &shared) == 0)
    memory.sharedFree = int64_t(shared.f_bavail) * int64_t(shared.f_frsize);
  return memory;
}
