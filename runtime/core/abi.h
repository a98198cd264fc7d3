/* The C ABI between a compiled program and the runtime.
 *
 * A compiled program is a list of steps over buffers at fixed offsets, plus the
 * kernels that the steps call. It exports one symbol, `vescale_program`. What a
 * program means to its user (names, shapes, layouts, where weights come from)
 * stands in the bundle's manifest.json; here is only what runs.
 *
 * Every struct is plain data that the compiler emits as constants. Sizes are in
 * bytes unless the name says otherwise, offsets are multiples of 64, tensors
 * are dense and row-major unless strides (in elements) are given. */
#ifndef VESCALE_RUNTIME_CORE_ABI_H
#define VESCALE_RUNTIME_CORE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VS_ABI_VERSION 3

/* The input of a training program that no data file has: for each sample of the
 * model's batch, i64, which row of the step's batch it is. */
#define VS_ROWS_INPUT "#rows"

/* Element types; the numbers are part of the ABI. */
typedef enum vs_dtype {
  VS_F32 = 0,
  VS_F64 = 1,
  VS_F16 = 2,
  VS_BF16 = 3,
  VS_I8 = 4,
  VS_I16 = 5,
  VS_I32 = 6,
  VS_I64 = 7,
  VS_U8 = 8,
  VS_BOOL = 9 /* one byte, 0 or 1 */
} vs_dtype;

/* Where a buffer lies. */
typedef enum vs_space {
  VS_ARENA = 0, /* the rank's private arena */
  VS_COMM = 1,  /* the arena's communication part: a window shared by the ranks
                   of one machine, so that collectives work in place */
  VS_CONST = 2, /* vs_program::constants */
  VS_PARAM = 3  /* a parameter left in its mapped file: offset is its index in
                   the manifest's `parameters`; aligned only as the file has
                   it, to its element at best */
} vs_space;

typedef struct vs_ref {
  int32_t space; /* vs_space */
  int32_t reserved;
  int64_t offset;
} vs_ref;

/* A generated kernel computes the box [lo, hi) of its parallel iteration space
 * (one or two dimensions). `env[g]` is this rank's index in group g. Distinct
 * boxes may run concurrently. */
typedef void (*vs_kernel_fn)(void *const *buffers, const int64_t *lo,
                             const int64_t *hi, const int64_t *env);

typedef struct vs_kernel {
  vs_kernel_fn fn;
  const vs_ref *buffers;
  int32_t num_buffers;
  int32_t num_dims; /* 1 or 2 */
  int64_t
      extents[2]; /* of the iteration space; extents[1] = 1 if num_dims = 1 */
  int64_t flops_per_point; /* estimate, from which the runtime picks a grain */
} vs_kernel;

/* C[b] (m×n) = A[b] (m×k) · B[b] (k×n), f32 or bf16/f16 with f32 accumulation.
 * The batch is two-dimensional so that grouped and broadcast operands need no
 * copy: a stride of 0 broadcasts. `b_packed` says that B is a weight that was
 * packed at load time; ldb and transpose_b then say nothing. The epilogue, if
 * its fn is set, is run on each finished box of rows × columns of C; its
 * iteration space is [batch0·batch1·m, n]. Sizes of packed weights and scratch:
 * runtime/kernels/sizes.h. With `leaves` L > 0, a power of two that divides k,
 * sums have one order: each of L equal parts of k by itself, from the first to
 * the last product, and these as a balanced tree, ((0 + 1) + (2 + 3)) + …; f32
 * and unpacked operands only. */
typedef struct vs_gemm {
  vs_ref a, b, c;
  int64_t m, n, k;
  int64_t batch[2];
  int64_t a_batch_stride[2], b_batch_stride[2], c_batch_stride[2];
  int64_t lda, ldb, ldc;
  int32_t transpose_a, transpose_b; /* A is stored k×m; B is stored n×k */
  int32_t b_packed;
  int32_t dtype;        /* vs_dtype of A and B */
  int32_t result_dtype; /* vs_dtype of C */
  int32_t leaves;       /* 0: any order of sums; see below */
  vs_ref scratch;
  int64_t scratch_bytes;
  vs_kernel epilogue;
} vs_gemm;

typedef enum vs_mask_kind {
  VS_MASK_NONE = 0,
  VS_MASK_BOOL = 1, /* false: the score counts as minus infinity */
  VS_MASK_ADD = 2   /* f32, added to the scaled score */
} vs_mask_kind;

/* Which of attention's weights are dropped (graph.drop): the weight of key j is
 * numbered counters[batch, head, query] + j, and kept where its word, drawn
 * with the key `seed` at (block, step, site), is at least `threshold`. */
typedef struct vs_drop {
  vs_ref counters, step; /* dense batch × heads × queries, and one i64 */
  int64_t seed;
  uint32_t site, threshold;
  float scale; /* of what is kept; 0: nothing is dropped */
  int32_t reserved;
} vs_drop;

/* out = softmax(softcap(scale · q·kᵀ) + mask) · v for each batch and head,
 * without materialising the scores. Head h of q reads head h / (heads/kv_heads)
 * of k and v. `causal`: query i sees keys j ≤ i + causal_offset. `window` > 0:
 * and j > i + causal_offset - window. A row that sees no key gives zeros. All
 * strides in elements, in the order batch, head, row (the last dimension is
 * dense); for the mask batch, head, query, key. With `has_lse` the logarithm of
 * the sum of exponentials of each query's scores goes to `lse`, dense batch ×
 * heads × queries, minus infinity for a row that sees no key. Requires dtype
 * f32. */
typedef struct vs_attention {
  vs_ref q, k, v, mask, out, lse;
  int64_t batch, heads, kv_heads, queries, keys, head_dim, value_dim;
  int64_t q_stride[3], k_stride[3], v_stride[3], out_stride[3], mask_stride[4];
  float scale;
  float softcap; /* 0: none */
  int64_t causal_offset, window;
  int32_t causal, mask_kind, dtype, has_lse;
  vs_ref scratch;
  int64_t scratch_bytes;
  vs_drop drop;
} vs_attention;

/* The gradients of attention's operands for that of its result, with weights
 * exp(score - lse), 0 where the score is minus infinity; `delta` is, for each
 * query, the sum of result · result's gradient. lse and delta are dense batch ×
 * heads × queries, the rest is as in vs_attention. The gradients don't overlap
 * the operands. */
typedef struct vs_attention_grad {
  vs_ref q, k, v, mask, out_grad, lse, delta, q_grad, k_grad, v_grad;
  int64_t batch, heads, kv_heads, queries, keys, head_dim, value_dim;
  int64_t q_stride[3], k_stride[3], v_stride[3], out_grad_stride[3];
  int64_t q_grad_stride[3], k_grad_stride[3], v_grad_stride[3], mask_stride[4];
  float scale;
  float softcap; /* 0: none */
  int64_t causal_offset, window;
  int32_t causal, mask_kind, dtype, reserved;
  vs_ref scratch;
  int64_t scratch_bytes;
  vs_drop drop;
} vs_attention_grad;

/* result (outer × rows × inner) = zeros, plus updates (outer × count × inner)
 * at indices[count]: result[o, indices[j], i] += updates[o, j, i] in increasing
 * order of j. Negative indices count from the end. Requires f32 and i32 or i64
 * indices, all of which lie in [-rows, rows). With `leaves` L > 0, a power of
 * two that divides count, each of L equal parts of the updates is added up by
 * itself, and the parts' sums as a balanced tree; that needs scratch. */
typedef struct vs_scatter_add {
  vs_ref indices, updates, result;
  int64_t outer, count, rows, inner;
  int32_t index_dtype, dtype;
  int64_t leaves;
  vs_ref scratch;
  int64_t scratch_bytes;
} vs_scatter_add;

/* N-d convolution (1 to 3 spatial dimensions), input N×C×spatial, weight
 * O×(C/groups)×window, result N×O×spatial. The epilogue's iteration space is
 * [n·o, product of the result's spatial sizes]. */
typedef struct vs_conv {
  vs_ref input, weight, result;
  int32_t spatial_dims, dtype;
  int64_t n, c, o, groups;
  int64_t in_size[3], window[3], out_size[3];
  int64_t strides[3], dilations[3], pad_low[3], pad_high[3];
  vs_ref scratch;
  int64_t scratch_bytes;
  vs_kernel epilogue;
} vs_conv;

/* The ranks that take part in a collective: from this rank's point of view all
 * ranks that differ from it only in the given digits of the rank number. Digit
 * i of rank r is (r / stride[i]) % size[i]; digits are listed major to minor,
 * and a rank's index in the group is the mixed-radix number of its digits. */
typedef struct vs_group {
  int32_t num_digits, reserved;
  int64_t size[8], stride[8];
} vs_group;

typedef enum vs_collective_kind {
  VS_ALL_REDUCE = 0, /* count elements, in place when in == out */
  VS_ALL_GATHER = 1, /* in: outer×chunk; out: outer×out_row, the chunks of
                        all ranks side by side, cut to out_row */
  VS_REDUCE_SCATTER =
      2,             /* in: outer×in_row; out: outer×chunk; rank i keeps
                        [i·chunk, (i+1)·chunk) of each row, zero past in_row */
  VS_ALL_TO_ALL = 3, /* in: outer×in_row×mid×inner split along in_row; see
                        vs_collective */
  VS_PERMUTE = 4     /* count elements; rank i sends to peers[i] */
} vs_collective_kind;

typedef enum vs_reduction { VS_SUM = 0, VS_MAX = 1, VS_MIN = 2 } vs_reduction;

/* ALL_TO_ALL: the input is seen as [outer, in_row, mid, chunk, inner] and the
 * group's k ranks exchange blocks: in_row is split in k blocks of
 * ceil(in_row/k), of which each rank keeps its own and in return receives the
 * other ranks' `chunk`s side by side, cut to out_row: the result is
 * [outer, ceil(in_row/k), mid, out_row, inner]. With `swap_dims` the two
 * dimensions come in the other order: input [outer, chunk, mid, in_row, inner],
 * result [outer, out_row, mid, ceil(in_row/k), inner]. */
/* `in` and `out` do not overlap, except that an ALL_REDUCE may be in place.
 * Buffers in VS_COMM are used where they lie; others go through a bounce buffer
 * that the runtime adds; all ranks of the group have them in the same space. A
 * PERMUTE's receiver without a sender gets zeros. */
typedef struct vs_collective {
  int32_t kind;      /* vs_collective_kind */
  int32_t reduction; /* vs_reduction */
  int32_t dtype;
  int32_t group; /* index in vs_program::groups */
  int32_t swap_dims, reserved;
  vs_ref in, out;
  int64_t count; /* ALL_REDUCE, PERMUTE: elements */
  int64_t outer, chunk, in_row, mid, out_row, inner;
  const int32_t *peers; /* PERMUTE: for each index in the group the receiver's
                           index, or -1 */
} vs_collective;

/* Collectives of one group that go together, its parts. A START step begins the
 * exchange, a later WAIT step with the same payload ends it; until then no step
 * writes its inputs or touches its outputs. All ranks of a group start its
 * exchanges in the same order. */
typedef struct vs_exchange {
  const vs_collective *parts;
  int64_t num_parts;
} vs_exchange;

/* Strided copy of up to 8 dimensions, any element size. */
typedef struct vs_copy {
  vs_ref in, out;
  int32_t num_dims, element_bytes;
  int64_t sizes[8], in_strides[8], out_strides[8];
} vs_copy;

typedef enum vs_step_kind {
  VS_STEP_KERNEL = 0,
  VS_STEP_GEMM = 1,
  VS_STEP_ATTENTION = 2,
  VS_STEP_CONV = 3,
  VS_STEP_START = 4,
  VS_STEP_COPY = 5,
  VS_STEP_ATTENTION_GRAD = 6,
  VS_STEP_SCATTER_ADD = 7,
  VS_STEP_WAIT = 8
} vs_step_kind;

typedef struct vs_step {
  int32_t kind; /* vs_step_kind */
  int32_t reserved;
  const void *payload;  /* vs_kernel, vs_gemm, … */
  const char *name;     /* the op, e.g. "dist.all_reduce" */
  const char *location; /* the user's node and module, for messages */
} vs_step;

/* Steps that are run together: a model, or a part of a training step. Entries
 * share inputs and parameters, and nothing else. */
typedef struct vs_entry {
  const char *name; /* the function that it was: "main" */
  int64_t first_step, num_steps;
} vs_entry;

typedef struct vs_program {
  int64_t abi_version;
  const char *hash; /* must equal the program's hash in manifest.json */
  int64_t arena_bytes, comm_bytes;
  const void *constants;
  int64_t constants_bytes;
  const vs_group *groups;
  int64_t num_groups;
  const vs_step *steps;
  int64_t num_steps;
  const vs_entry *entries;
  int64_t num_entries;
} vs_program;

/* Called by kernels, from any thread, for an index outside [-size, size). The
 * run fails when the step is over. */
void vs_index_error(int64_t index, int64_t size);

/* The entry of libvescale_runtime: runs the bundle's program with these
 * arguments and returns the process's exit code. The `main` of each emitted
 * executable passes its own vescale_program. */
int vs_main(int argc, char **argv, const vs_program *program);

#ifdef __cplusplus
}
#endif
#endif /* VESCALE_RUNTIME_CORE_ABI_H */
