//===- Topology.cpp - The cores of this machine ---------------------------===//

#include "tools/vescale-profile/Topology.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <sched.h>

using namespace llvm;
using namespace vescale;

/// The text of a file of a core in /sys; empty if there is none.
static std::string readText(int core, const Twine &name) {
  auto buffer = MemoryBuffer::getFileAsStream("/sys/devices/system/cpu/cpu" +
                                              Twine(core) + "/" + name);
  return buffer ? (*buffer)->getBuffer().trim().str() : std::string();
}

/// "1024K"
static int64_t readBytes(StringRef text) {
  int64_t number;
  if (text.consumeInteger(10, number))
    return 0;
  return text == "K" ? number << 10 : text == "M" ? number << 20 : number;
}

namespace {

/// Usable cores by what they share.
class Groups {
public:
  void add(const std::string &shared) { ++sizes[shared]; }
  int64_t size() const {
    for (const auto &[shared, size] : sizes)
      if (shared.empty() || size != sizes.begin()->second)
        return 0;
    return sizes.empty() ? 0 : sizes.begin()->second;
  }

private:
  std::map<std::string, int64_t> sizes;
};

} // namespace

/// The cores that share a core's last-level cache, in words; notes the sizes of
/// its caches.
static std::string readCaches(int core, Topology &topology) {
  std::string lastShared;
  for (int index = 0;; ++index) {
    std::string directory = "cache/index" + std::to_string(index) + "/";
    std::string type = readText(core, directory + "type");
    if (type.empty())
      return lastShared;
    if (type == "Instruction")
      continue;
    std::string shared = readText(core, directory + "shared_cpu_list");
    int64_t bytes = readBytes(readText(core, directory + "size"));
    if (shared.find_first_of(",-") == std::string::npos) {
      topology.privateCacheBytes = bytes;
    } else {
      topology.sharedCacheBytes = bytes;
      lastShared = shared;
    }
  }
}

Topology vescale::readTopology() {
  Topology topology;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return topology;
  topology.cores = CPU_COUNT(&set);
  Groups complexes, sockets;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &set))
      continue;
    complexes.add(readCaches(core, topology));
    sockets.add(readText(core, "topology/physical_package_id"));
  }
  topology.coresOfComplex = complexes.size();
  topology.coresOfSocket = sockets.size();
  return topology;
}
