// Ranks that work alike and then wait for each other.
#include "runtime/profile/Meetings.h"

#include "runtime/profile/Products.h"

#include <algorithm>

namespace vescale::runtime {

// About a millisecond's, as between the exchanges of a layer.
constexpr int64_t rows = 256, columns = 256, depth = 1024;
constexpr int64_t batches = 16;

Meetings::Meetings(Rounds &rounds, Transport &transport) {
  int64_t bytes;
  vs_gemm op = makeGemm(VS_F32, Plain, 1, rows, columns, depth, bytes);
  arena = std::make_unique<Arena>(bytes);
  std::fill_n(reinterpret_cast<float *>(arena->data()), bytes / 4, 0.5f);
  Addresses addresses;
  addresses.arena = arena->data();
  work = makeGemmStep(op, addresses, nullptr);
  alone = rounds.add({"work", [this] { work->run(); }});
  together = rounds.add({"work until all are done",
                         [this, &transport] {
                           work->run();
                           transport.barrier();
                         },
                         1, batches});
}

double Meetings::unevenness(const Rounds &rounds) const {
  double part = rounds.microseconds(together) / rounds.microseconds(alone) - 1;
  return std::clamp(part, 0.0, 1.0);
}

} // namespace vescale::runtime
