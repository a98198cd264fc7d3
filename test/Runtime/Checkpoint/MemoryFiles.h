// A file system in memory that can stop at any operation, lose what was not
// synced, run full, and fail.
#ifndef VESCALE_TEST_RUNTIME_CHECKPOINT_MEMORYFILES_H
#define VESCALE_TEST_RUNTIME_CHECKPOINT_MEMORYFILES_H

#include "runtime/checkpoint/FileOps.h"

#include <map>
#include <memory>
#include <mutex>
#include <random>

namespace vescale::test {

class MemoryFiles : public runtime::FileOps {
public:
  /// Thrown by the operation at which the process is killed, and by all later
  /// ones.
  struct Killed {};

  /// What is left after a crash of what was not synced.
  enum class Unsynced { Lost, Kept, Random };

  static constexpr int64_t unlimited = int64_t(1) << 40;

  MemoryFiles();

  /// Changes are counted from 1.
  int64_t changes() const { return count; }
  void killAt(int64_t change) { fatal = change; }
  void failAt(int64_t change, int code) {
    failing = change;
    failure = code;
  }
  void limit(int64_t bytes) { capacity = bytes; }
  void shortWrites(uint64_t seed) {
    shortening = std::mt19937_64(seed), isShort = true;
  }

  /// The file system as the next process finds it.
  std::unique_ptr<MemoryFiles> afterCrash(Unsynced unsynced,
                                          uint64_t seed) const;

  std::vector<std::string> filesBelow(const std::string &path);
  std::string &contents(const std::string &path); // must be there

  int openWrite(const std::string &path) override;
  int openRead(const std::string &path) override;
  int64_t write(int file, const void *data, int64_t bytes) override;
  int64_t read(int file, void *data, int64_t bytes, int64_t offset) override;
  int64_t size(int file) override;
  int sync(int file) override;
  int close(int file) override;
  int makeDirectory(const std::string &path) override;
  int removeDirectory(const std::string &path) override;
  int syncDirectory(const std::string &path) override;
  int list(const std::string &path, std::vector<Entry> &entries) override;
  int rename(const std::string &from, const std::string &to) override;
  int unlink(const std::string &path) override;

private:
  struct Node;
  using Link = std::shared_ptr<Node>;
  using Names = std::map<std::string, Link>;
  /// A change of a directory that the disk may or may not have seen.
  struct Change {
    std::string removed, added; // names; may be empty
    Link node;                  // that was added
  };
  struct Node {
    bool isDirectory;
    std::string data, synced;
    Names names, syncedNames;
    std::vector<Change> changes;
  };

  Link find(const std::string &path) const;
  /// The directory of a path, and the name in it.
  std::pair<Link, std::string> locate(const std::string &path) const;
  void apply(Node &directory, const Change &change);
  int change(); // counts, kills, fails
  static Link recover(const Node &node, Unsynced unsynced,
                      std::mt19937_64 &random);

  std::mutex mutex;
  Link root;
  std::map<int, Link> open;
  int nextFile = 3;
  int64_t count = 0, fatal = 0, failing = 0, capacity = unlimited, used = 0;
  int failure = 0;
  bool isShort = false, dead = false;
  std::mt19937_64 shortening;
};

} // namespace vescale::test

#endif // VESCALE_TEST_RUNTIME_CHECKPOINT_MEMORYFILES_H
