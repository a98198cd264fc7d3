// Attention and its gradient by the kernels that compiled programs call, to be
// timed.
#ifndef VESCALE_RUNTIME_PROFILE_ATTENTION_H
#define VESCALE_RUNTIME_PROFILE_ATTENTION_H

#include "runtime/core/Executor.h"
#include "runtime/kernels/AttentionWork.h"
#include "runtime/kernels/Step.h"
#include "runtime/profile/Rounds.h"

namespace vescale::runtime {

class Attention {
public:
  explicit Attention(Rounds &rounds);

  /// How fast the calls' products are, of products at `peak` operations per
  /// second, where all other operations go at `vectorRate`.
  double efficiency(const Rounds &rounds, double peak, double vectorRate) const;

private:
  AttentionShape shape;
  std::unique_ptr<Arena> arena;
  Addresses addresses;
  std::unique_ptr<Step> forward, backward;
  size_t forwardSubject, backwardSubject;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_ATTENTION_H
