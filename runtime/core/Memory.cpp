// Reads what Linux knows of the process.
#include "runtime/core/Memory.h"

#include <sys/resource.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <string>

namespace vescale::runtime {
namespace {

/// The sum of the fields "NAME: N kB" of a file; nothing if one is missing.
std::optional<int64_t> sumOf(const char *path,
                             std::initializer_list<const char *> names) {
  std::ifstream file(path);
  int64_t total = 0;
  size_t found = 0;
  for (std::string line; std::getline(file, line);)
    for (const char *name : names) {
      int64_t kibibytes;
      std::string pattern = std::string(name) + ": %" SCNd64;
      if (std::sscanf(line.c_str(), pattern.c_str(), &kibibytes) == 1) {
        total += kibibytes;
        ++found;
      }
    }
  if (found != names.size())
    return std::nullopt;
  return total;
}

} // namespace

int64_t peakResidentBytes() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

std::optional<int64_t> HeldMemory::measure() {
  auto kibibytes = sumOf("/proc/self/smaps_rollup", {"Pss_Anon", "Pss_Shmem"});
  if (!kibibytes)
    return std::nullopt;
  return *kibibytes * 1024;
}

int64_t HeldMemory::residentKibibytes() {
  return sumOf("/proc/self/status", {"RssAnon", "RssShmem"}).value_or(-1);
}

std::optional<int64_t> HeldMemory::bytes() {
  int64_t resident = residentKibibytes();
  if (resident != lastResident || resident < 0)
    last = measure();
  lastResident = resident;
  if (!atFirst || !last)
    return std::nullopt;
  return *last - *atFirst;
}

} // namespace vescale::runtime
