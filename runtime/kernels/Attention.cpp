// Attention: cuts batch × heads × queries into blocks for the threads.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/AttentionBlock.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/Isa.h"
#include "runtime/kernels/ReadDrop.h"
#include "runtime/kernels/Step.h"

namespace vescale::runtime {
namespace {

class AttentionStep : public Step {
public:
  AttentionStep(const vs_attention &op, const Addresses &addresses)
      : op(op), drop(readDrop(op.drop, addresses)), q(addresses.at(op.q)),
        k(addresses.at(op.k)), v(addresses.at(op.v)), out(addresses.at(op.out)),
        lse(op.has_lse ? addresses.at(op.lse) : nullptr),
        mask(op.mask_kind == VS_MASK_NONE ? nullptr : addresses.at(op.mask)),
        scratch(addresses.at(op.scratch)),
        kernel(hasWideVectors() ? v4::attentionBlock : v3::attentionBlock) {
    if (op.dtype != VS_F32)
      fail(ExitCode::RunFailed, "attention on a type other than f32 is not "
                                "supported");
    scratchBytes =
        roundUp(attentionScratchFloats(op.head_dim, op.value_dim) * 4, 64);
    threads = static_cast<int>(
        std::min<int64_t>(threadCount(), op.scratch_bytes / scratchBytes));
    queryBlocks = (op.queries + attentionQueries - 1) / attentionQueries;
    if (threads < 1 && op.batch * op.heads * queryBlocks > 0)
      fail(ExitCode::RunFailed, "attention needs ", scratchBytes,
           " bytes of scratch, the program gives it ", op.scratch_bytes);
  }

  void run() override {
    parallelItems(op.batch * op.heads * queryBlocks, threads,
                  [&](int64_t item, int thread) {
                    // Late blocks see more keys: they go first.
                    int64_t block = queryBlocks - 1 - item % queryBlocks;
                    int64_t head = item / queryBlocks % op.heads;
                    runBlock(item / queryBlocks / op.heads, head,
                             block * attentionQueries, thread);
                  });
  }

private:
  void runBlock(int64_t batch, int64_t head, int64_t query, int thread) {
    int64_t kvHead = head / (op.heads / op.kv_heads);
    AttentionBlock block;
    block.q = floats(q) + batch * op.q_stride[0] + head * op.q_stride[1] +
              query * op.q_stride[2];
    block.k = floats(k) + batch * op.k_stride[0] + kvHead * op.k_stride[1];
    block.v = floats(v) + batch * op.v_stride[0] + kvHead * op.v_stride[1];
    block.out = floats(out) + batch * op.out_stride[0] +
                head * op.out_stride[1] + query * op.out_stride[2];
    block.lse = nullptr;
    if (op.has_lse)
      block.lse = floats(lse) + (batch * op.heads + head) * op.queries + query;
    block.qStride = op.q_stride[2];
    block.kStride = op.k_stride[2];
    block.vStride = op.v_stride[2];
    block.outStride = op.out_stride[2];
    block.mask = nullptr;
    block.maskKind = op.mask_kind;
    block.maskQuery = op.mask_stride[2];
    block.maskKey = op.mask_stride[3];
    if (mask)
      block.mask =
          mask + (batch * op.mask_stride[0] + head * op.mask_stride[1] +
                  query * op.mask_stride[2]) *
                     (op.mask_kind == VS_MASK_BOOL ? 1 : 4);
    block.queries = std::min(attentionQueries, op.queries - query);
    block.keys = op.keys;
    block.headDim = op.head_dim;
    block.valueDim = op.value_dim;
    block.scale = op.scale;
    block.softcap = op.softcap;
    block.drop = drop;
    if (drop.counters)
      block.drop.counters += (batch * op.heads + head) * op.queries + query;
    block.causal = op.causal;
    block.diagonal = query + op.causal_offset;
    block.window = op.window;
    block.keyLo = 0;
    block.keyHi = op.keys;
    if (op.causal)
      block.keyHi = std::min(op.keys, block.diagonal + block.queries);
    if (op.window > 0)
      block.keyLo = std::max<int64_t>(0, block.diagonal - op.window + 1);
    block.scratch = reinterpret_cast<float *>(scratch + thread * scratchBytes);
    kernel(block);
  }

  static float *floats(char *at) { return reinterpret_cast<float *>(at); }

  vs_attention op;
  AttentionDrop drop;
  char *q, *k, *v, *out, *lse, *mask, *scratch;
  void (*kernel)(const AttentionBlock &);
  int64_t scratchBytes, queryBlocks;
  int threads;
};

} // namespace

std::unique_ptr<Step> makeAttentionStep(const vs_attention &attention,
                                        const Addresses &addresses) {
  return std::make_unique<AttentionStep>(attention, addresses);
}

} // namespace vescale::runtime
