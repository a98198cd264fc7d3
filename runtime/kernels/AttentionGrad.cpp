// Gradients of attention: one item for the threads is a key head of a batch
// element with all query heads that read it, so that each sum is made in one
// order however many threads there are.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/AttentionGradBlock.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/Isa.h"
#include "runtime/kernels/ReadDrop.h"
#include "runtime/kernels/Step.h"

namespace vescale::runtime {
namespace {

class AttentionGradStep : public Step {
public:
  AttentionGradStep(const vs_attention_grad &op, const Addresses &addresses)
      : op(op), drop(readDrop(op.drop, addresses)),
        group(op.heads / op.kv_heads), q(floats(addresses, op.q)),
        k(floats(addresses, op.k)), v(floats(addresses, op.v)),
        outGrad(floats(addresses, op.out_grad)), lse(floats(addresses, op.lse)),
        delta(floats(addresses, op.delta)), qGrad(floats(addresses, op.q_grad)),
        kGrad(floats(addresses, op.k_grad)),
        vGrad(floats(addresses, op.v_grad)),
        mask(op.mask_kind == VS_MASK_NONE ? nullptr : addresses.at(op.mask)),
        scratch(floats(addresses, op.scratch)),
        kernel(hasWideVectors() ? v4::attentionGradBlock
                                : v3::attentionGradBlock) {
    if (op.dtype != VS_F32)
      fail(ExitCode::RunFailed, "the gradient of attention on a type other "
                                "than f32 is not supported");
    scratchFloats =
        roundUp(attentionGradScratchFloats(op.head_dim, op.value_dim), 16);
    threads = static_cast<int>(std::min<int64_t>(
        threadCount(), op.scratch_bytes / (scratchFloats * 4)));
    if (threads < 1 && op.batch * op.kv_heads > 0)
      fail(ExitCode::RunFailed, "the gradient of attention needs ",
           scratchFloats * 4, " bytes of scratch, the program gives it ",
           op.scratch_bytes);
  }

  void run() override {
    parallelItems(op.batch * op.kv_heads, threads,
                  [&](int64_t item, int thread) {
                    runHead(item / op.kv_heads, item % op.kv_heads, thread);
                  });
  }

private:
  /// The rows of key head `head`, or of its query heads.
  template <typename T>
  static HeadRows<T> rows(T *at, const int64_t *strides, int64_t batch,
                          int64_t head) {
    return {at + batch * strides[0] + head * strides[1], strides[1],
            strides[2]};
  }

  void runHead(int64_t batch, int64_t kvHead, int thread) {
    int64_t head = kvHead * group;
    AttentionGradBlock block;
    block.q = rows<const float>(q, op.q_stride, batch, head);
    block.outGrad = rows<const float>(outGrad, op.out_grad_stride, batch, head);
    block.qGrad = rows(qGrad, op.q_grad_stride, batch, head);
    block.k = rows<const float>(k, op.k_stride, batch, kvHead);
    block.v = rows<const float>(v, op.v_stride, batch, kvHead);
    block.kGrad = rows(kGrad, op.k_grad_stride, batch, kvHead);
    block.vGrad = rows(vGrad, op.v_grad_stride, batch, kvHead);
    int64_t statistic = (batch * op.heads + head) * op.queries;
    block.lse = lse + statistic;
    block.delta = delta + statistic;
    block.mask = nullptr;
    if (mask)
      block.mask =
          mask + (batch * op.mask_stride[0] + head * op.mask_stride[1]) *
                     (op.mask_kind == VS_MASK_BOOL ? 1 : 4);
    block.maskHead = op.mask_stride[1];
    block.maskQuery = op.mask_stride[2];
    block.maskKey = op.mask_stride[3];
    block.maskKind = op.mask_kind;
    block.heads = group;
    block.queries = op.queries;
    block.keys = op.keys;
    block.headDim = op.head_dim;
    block.valueDim = op.value_dim;
    block.drop = drop;
    if (drop.counters)
      block.drop.counters += statistic;
    block.causal = op.causal;
    block.diagonal = op.causal_offset;
    block.window = op.window;
    block.scale = op.scale;
    block.softcap = op.softcap;
    block.scratch = scratch + thread * scratchFloats;
    kernel(block);
  }

  static float *floats(const Addresses &addresses, const vs_ref &ref) {
    return reinterpret_cast<float *>(addresses.at(ref));
  }

  vs_attention_grad op;
  AttentionDrop drop;
  int64_t group;
  float *q, *k, *v, *outGrad, *lse, *delta, *qGrad, *kGrad, *vGrad;
  char *mask;
  float *scratch;
  void (*kernel)(const AttentionGradBlock &);
  int64_t scratchFloats;
  int threads;
};

} // namespace

std::unique_ptr<Step> makeAttentionGradStep(const vs_attention_grad &attention,
                                            const Addresses &addresses) {
  return std::make_unique<AttentionGradStep>(attention, addresses);
}

} // namespace vescale::runtime
