// Collectives over the transport that programs use, to be timed.
#ifndef VESCALE_RUNTIME_PROFILE_EXCHANGES_H
#define VESCALE_RUNTIME_PROFILE_EXCHANGES_H

#include "runtime/profile/Rounds.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace vescale::runtime {

/// Ranks that exchange: so many, so far from each other. All groups of a form
/// do so at once.
struct GroupForm {
  int64_t ranks, stride;
};

class ProfiledExchanges {
public:
  /// Sets the transport up. Tensors of 1 KiB to `largest` bytes.
  ProfiledExchanges(Rounds &rounds, Transport &transport,
                    const std::vector<GroupForm> &forms, int64_t largest,
                    bool yield);

  /// As the machine file has them, but for the level.
  nlohmann::json collectives(const Rounds &rounds) const;

private:
  struct Curve {
    std::string kind;
    GroupForm form;
    std::vector<std::pair<int64_t, size_t>> points; // bytes, subject
  };
  void add(Rounds &rounds, const std::string &kind, vs_collective_kind number,
           int group, const GroupForm &form, int64_t largest);

  Transport &transport;
  std::vector<std::unique_ptr<vs_collective>> ops;
  std::vector<Curve> curves;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_EXCHANGES_H
