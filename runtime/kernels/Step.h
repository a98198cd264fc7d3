// A prepared step of a program: its addresses are resolved, its library
// primitives created; running it allocates nothing.
#ifndef VESCALE_RUNTIME_KERNELS_STEP_H
#define VESCALE_RUNTIME_KERNELS_STEP_H

#include "runtime/core/abi.h"

#include <memory>
#include <vector>

namespace vescale::runtime {

/// Where the spaces of vs_ref start in this process.
struct Addresses {
  char *arena = nullptr;
  char *comm = nullptr;
  const char *constants = nullptr;
  std::vector<char *> parameters;

  char *at(const vs_ref &ref) const {
    switch (ref.space) {
    case VS_ARENA:
      return arena + ref.offset;
    case VS_COMM:
      return comm + ref.offset;
    case VS_CONST:
      return const_cast<char *>(constants) + ref.offset;
    default:
      return parameters[ref.offset];
    }
  }
};

class Step {
public:
  virtual ~Step() = default;
  virtual void run() = 0;
};

/// `env` outlives the step. A payload that can't be run as it is (an element
/// type, too little scratch) is a RunFailed failure.
std::unique_ptr<Step> makeKernelStep(const vs_kernel &kernel,
                                     const Addresses &addresses,
                                     const int64_t *env);
std::unique_ptr<Step> makeGemmStep(const vs_gemm &gemm,
                                   const Addresses &addresses,
                                   const int64_t *env);
std::unique_ptr<Step> makeAttentionStep(const vs_attention &attention,
                                        const Addresses &addresses);
std::unique_ptr<Step> makeAttentionGradStep(const vs_attention_grad &attention,
                                            const Addresses &addresses);
std::unique_ptr<Step> makeScatterAddStep(const vs_scatter_add &scatter,
                                         const Addresses &addresses);
std::unique_ptr<Step> makeConvStep(const vs_conv &conv,
                                   const Addresses &addresses,
                                   const int64_t *env);
std::unique_ptr<Step> makeCopyStep(const vs_copy &copy,
                                   const Addresses &addresses);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_STEP_H
