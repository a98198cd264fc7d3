// What memory the process holds.
#ifndef VESCALE_RUNTIME_CORE_MEMORY_H
#define VESCALE_RUNTIME_CORE_MEMORY_H

#include <cstdint>
#include <optional>

namespace vescale::runtime {

/// The most memory that the process has held, files that it maps included.
int64_t peakResidentBytes();

/// The memory that is no file's, beyond what the process had at first: its
/// anonymous pages, and of the pages that it shares with other processes its
/// proportional part (proc_pid_smaps(5): Pss_Anon, Pss_Shmem).
class HeldMemory {
public:
  /// Counts from now on.
  void begin() { atFirst = measure(); }

  /// Bytes; nothing where Linux doesn't tell. Looks at all pages only if their
  /// number has changed since the last call.
  std::optional<int64_t> bytes();

private:
  static std::optional<int64_t> measure();
  static int64_t residentKibibytes();

  std::optional<int64_t> atFirst, last;
  int64_t lastResident = -1;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_MEMORY_H
