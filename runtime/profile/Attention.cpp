// Attention to be timed.
#include "runtime/profile/Attention.h"

#include "runtime/core/Threads.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/sizes.h"

#include <algorithm>
#include <cmath>

namespace vescale::runtime {

// A layer's, causal, with the heads of a row side by side as models have them;
// small enough to stay in the cache.
constexpr int64_t headsOfThread = 6, rows = 256, features = 64;

Attention::Attention(Rounds &rounds)
    : shape{1,
            headsOfThread * threadCount(),
            rows,
            rows,
            features,
            features,
            /*causal=*/true} {
  int64_t bytes = 0;
  auto place = [&](vs_ref &ref, int64_t size) {
    ref = {VS_ARENA, 0, bytes};
    bytes += roundUp(size, 64);
  };
  int64_t heads = shape.heads, tensor = heads * rows * features * 4;
  vs_attention op = {};
  for (vs_ref *ref : {&op.q, &op.k, &op.v, &op.out})
    place(*ref, tensor);
  place(op.lse, heads * rows * 4);
  op.batch = 1;
  op.heads = op.kv_heads = heads;
  op.queries = op.keys = rows;
  op.head_dim = op.value_dim = features;
  for (int64_t *stride : {op.q_stride, op.k_stride, op.v_stride, op.out_stride})
    std::copy_n(
        std::begin({rows * heads * features, features, heads * features}), 3,
        stride);
  op.scale = 1 / std::sqrt(float(features));
  op.causal = op.has_lse = 1;
  op.dtype = VS_F32;
  op.scratch_bytes = vs_attention_scratch_bytes(&op, threadCount());
  place(op.scratch, op.scratch_bytes);

  vs_attention_grad grad = {};
  grad.q = op.q;
  grad.k = op.k;
  grad.v = op.v;
  grad.out_grad = op.out;
  grad.lse = op.lse;
  place(grad.delta, heads * rows * 4);
  for (vs_ref *ref : {&grad.q_grad, &grad.k_grad, &grad.v_grad})
    place(*ref, tensor);
  grad.batch = 1;
  grad.heads = grad.kv_heads = heads;
  grad.queries = grad.keys = rows;
  grad.head_dim = grad.value_dim = features;
  for (int64_t *stride :
       {grad.q_stride, grad.k_stride, grad.v_stride, grad.out_grad_stride,
        grad.q_grad_stride, grad.k_grad_stride, grad.v_grad_stride})
    std::copy_n(op.q_stride, 3, stride);
  grad.scale = op.scale;
  grad.causal = 1;
  grad.dtype = VS_F32;
  grad.scratch_bytes = vs_attention_grad_scratch_bytes(&grad, threadCount());
  place(grad.scratch, grad.scratch_bytes);

  arena = std::make_unique<Arena>(bytes);
  addresses.arena = arena->data();
  std::fill_n(reinterpret_cast<float *>(arena->data()), bytes / 4, 0.5f);
  forward = makeAttentionStep(op, addresses);
  backward = makeAttentionGradStep(grad, addresses);
  forwardSubject = rounds.add({"attention", [this] { forward->run(); }});
  backwardSubject =
      rounds.add({"gradient of attention", [this] { backward->run(); }});
}

double Attention::efficiency(const Rounds &rounds, double peak,
                             double vectorRate) const {
  AttentionWork work = attentionWork(shape), grad = attentionGradWork(shape);
  double seconds = 1e-6 * (rounds.microseconds(forwardSubject) +
                           rounds.microseconds(backwardSubject)) -
                   (work.others + grad.others) / vectorRate;
  double share = (work.products + grad.products) / (peak * seconds);
  return seconds > 0 ? std::clamp(share, 1e-3, 1.0) : 1.0;
}

} // namespace vescale::runtime
