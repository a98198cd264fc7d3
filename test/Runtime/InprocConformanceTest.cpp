// Registers the in-process transport with the conformance suite.
#include "runtime/conformance/Conformance.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/Inproc.h"

#include <gtest/gtest.h>

#include <thread>

using namespace vescale::runtime;

namespace {

class Inproc : public testing::TestWithParam<int> {};

TEST_P(Inproc, Conforms) {
  int size = GetParam();
  InprocWorld world(size);
  std::vector<std::string> errors(size);
  std::vector<int64_t> counts(size, 0);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      setThreadCount(rank % 2 + 1);
      auto transport = world.connect(rank);
      errors[rank] = runConformance(*transport, /*yield=*/true, counts[rank]);
      transport->barrier();
    });
  for (std::thread &thread : threads)
    thread.join();
  for (int rank = 0; rank < size; ++rank) {
    EXPECT_EQ(errors[rank], "") << "rank " << rank;
    EXPECT_GT(counts[rank], 500);
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, Inproc, testing::Values(1, 2, 3, 4));

} // namespace
