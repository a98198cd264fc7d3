// The order in which ranks' values are reduced.
#include "runtime/transport/Reduce.h"
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

float treeSum(const std::vector<std::vector<float>> &inputs, size_t first,
              size_t count, int64_t at) {
  if (count == 1)
    return inputs[first][at];
  size_t left = 1;
  while (2 * left < count)
    left *= 2;
  return treeSum(inputs, first, left, at) +
         treeSum(inputs, first + left, count - left, at);
}

TEST(Reduce, SumsAreTreesOverTheMembers) {
  Random random(5);
  for (size_t members = 1; members <= 17; ++members) {
    SCOPED_TRACE(testing::Message() << members << " members");
    std::vector<std::vector<float>> inputs(members);
    std::vector<const char *> in;
    int64_t count = random.between(1, 2000);
    for (std::vector<float> &input : inputs) {
      input.resize(count);
      random.fill(input.data(), count);
      in.push_back(reinterpret_cast<const char *>(input.data()));
    }
    std::vector<float> out(count);
    reduce(VS_F32, VS_SUM, in.data(), static_cast<int>(members),
           reinterpret_cast<char *>(out.data()), count);
    for (int64_t i = 0; i < count; ++i)
      ASSERT_EQ(out[i], treeSum(inputs, 0, members, i));
    // Groups of neighbours first, then these: the same.
    if (members != 8)
      continue;
    std::vector<float> halves[2] = {std::vector<float>(count),
                                    std::vector<float>(count)};
    for (int half : {0, 1})
      reduce(VS_F32, VS_SUM, in.data() + 4 * half, 4,
             reinterpret_cast<char *>(halves[half].data()), count);
    const char *both[] = {reinterpret_cast<const char *>(halves[0].data()),
                          reinterpret_cast<const char *>(halves[1].data())};
    std::vector<float> again(count);
    reduce(VS_F32, VS_SUM, both, 2, reinterpret_cast<char *>(again.data()),
           count);
    EXPECT_EQ(again, out);
  }
}

} // namespace
