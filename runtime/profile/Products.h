// Matrix products by the kernels that compiled programs call, over a grid of
// shapes, to be timed.
#ifndef VESCALE_RUNTIME_PROFILE_PRODUCTS_H
#define VESCALE_RUNTIME_PROFILE_PRODUCTS_H

#include "runtime/core/Executor.h"
#include "runtime/kernels/Step.h"
#include "runtime/profile/Rounds.h"

#include <nlohmann/json.hpp>

namespace vescale::runtime {

enum Layout { Plain, RightTransposed, LeftTransposed };

/// The product with its operands, its result and scratch behind each other from
/// the arena's start, which are so many bytes.
vs_gemm makeGemm(vs_dtype dtype, Layout layout, int64_t batch, int64_t m,
                 int64_t n, int64_t k, int64_t &bytes);

class Products {
public:
  /// Sizes up to `largest`.
  Products(Rounds &rounds, int64_t largest);

  /// As the machine file has them: element type → samples.
  nlohmann::json gemms(const Rounds &rounds) const;
  /// Operations per second of the best product of each element type.
  nlohmann::json peaks(const Rounds &rounds) const;

private:
  struct Shape {
    int64_t batch, m, n, k;
    double flops() const { return 2.0 * batch * m * n * k; }
  };
  struct Sample {
    const char *type;
    Shape shape;
    /// Its three layouts: A·B, A·Bᵀ and Aᵀ·B, as a step's forward product and
    /// those of its two gradients have them.
    size_t subjects[3];
  };
  static std::vector<Shape> shapes(int64_t largest);
  void add(Rounds &rounds, vs_dtype dtype, const char *type,
           const Shape &shape);
  double microseconds(const Rounds &rounds, const Sample &sample) const;

  std::unique_ptr<Arena> arena;
  Addresses addresses;
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<Sample> samples;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_PRODUCTS_H
