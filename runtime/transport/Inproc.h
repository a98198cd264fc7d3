// Ranks that are threads of one process: for tests, and the world of one rank.
#ifndef VESCALE_RUNTIME_TRANSPORT_INPROC_H
#define VESCALE_RUNTIME_TRANSPORT_INPROC_H

#include "runtime/transport/Shared.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

namespace vescale::runtime {

/// What the ranks of one in-process world share.
class InprocWorld {
public:
  explicit InprocWorld(int size);

  /// The transport of one rank; used by one thread at a time.
  std::unique_ptr<Transport> connect(int rank, PollFn poll = [] {});
  int size() const { return ranks; }

private:
  friend class InprocTransport;
  struct FreeWindow {
    void operator()(char *window) const;
  };
  using Window = std::unique_ptr<char, FreeWindow>;

  int ranks;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Window> windows;
  std::vector<int64_t> values;
  int arrived = 0;
  int64_t generation = 0;
  std::map<std::pair<int, int>, std::deque<std::vector<char>>> mail;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_INPROC_H
