//===- Scratch.cpp - Memory that library calls need -------------*- C++ -*-===//

#include "passes/Lower/Scratch.h"
#include "runtime/kernels/sizes.h"
#include "vescale/Support/ElementType.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

int64_t vescale::packedWeightBytes(int64_t k, int64_t n, Type element) {
  return vs_packed_bytes(k, n, abiType(element));
}

int64_t vescale::gemmScratchBytes(const Gemm &gemm, Type element, bool packed,
                                  int64_t threads) {
  vs_gemm call = {};
  call.m = gemm.m;
  call.n = gemm.n;
  call.k = gemm.k;
  call.leaves = gemm.leaves;
  call.batch[0] = gemm.batch[0];
  call.batch[1] = gemm.batch[1];
  call.transpose_a = gemm.a.transposed;
  call.transpose_b = gemm.b.transposed;
  call.b_packed = packed;
  call.dtype = call.result_dtype = abiType(element);
  return vs_gemm_scratch_bytes(&call, threads);
}

int64_t vescale::attentionScratchBytes(AttentionOp op, int64_t threads) {
  ArrayRef<int64_t> q = shapeOf(op.getQuery()), k = shapeOf(op.getKey());
  vs_attention call = {};
  call.batch = q[0];
  call.heads = q[1];
  call.kv_heads = k[1];
  call.queries = q[2];
  call.keys = k[2];
  call.head_dim = q[3];
  call.value_dim = shapeOf(op.getValue())[3];
  return vs_attention_scratch_bytes(&call, threads);
}

int64_t vescale::attentionGradScratchBytes(AttentionGradOp op,
                                           int64_t threads) {
  vs_attention_grad call = {};
  call.batch = shapeOf(op.getQuery())[0];
  call.kv_heads = shapeOf(op.getKey())[1];
  call.head_dim = shapeOf(op.getQuery())[3];
  call.value_dim = shapeOf(op.getValue())[3];
  return vs_attention_grad_scratch_bytes(&call, threads);
}

int64_t vescale::scatterAddScratchBytes(ScatterAddOp op) {
  vs_scatter_add call = {};
  call.count = typeOf(op.getIndices()).getNumElements();
  call.leaves = dist::getLeaves(op);
  return vs_scatter_add_scratch_bytes(&call);
}

int64_t vescale::convScratchBytes(ConvOp op, int64_t threads) {
  ArrayRef<int64_t> in = shapeOf(op.getInput()),
                    weight = shapeOf(op.getWeight());
  ArrayRef<int64_t> out = shapeOf(op.getResult());
  vs_conv call = {};
  call.spatial_dims = in.size() - 2;
  call.n = in[0];
  call.c = in[1];
  call.o = weight[0];
  call.groups = op.getGroups();
  for (int32_t dim = 0; dim < call.spatial_dims; ++dim) {
    call.in_size[dim] = in[dim + 2];
    call.window[dim] = weight[dim + 2];
    call.out_size[dim] = out[dim + 2];
    call.strides[dim] = op.getStrides()[dim];
    call.dilations[dim] = op.getDilations()[dim];
  }
  return vs_conv_scratch_bytes(&call, threads);
}
