// Matrix multiplication.
//
// C is cut into boxes of rows × columns. Each box is computed by whichever
// thread is free, followed by the epilogue on that box while it lies in the
// cache. Boxes of f32 are computed by GemmBlock.cpp, except where a packed
// weight has the layout of oneDNN's fast kernels (brgemm); these and other
// types are one single-threaded oneDNN call a box, whose primitives, memory
// objects and arguments are made once; buffers never move.
//
// brgemm writes dense results only, so a box that is narrower than C goes to
// the thread's scratch and is copied to its place.
#include "runtime/core/DType.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/GemmBlock.h"
#include "runtime/kernels/Isa.h"
#include "runtime/kernels/Kernel.h"
#include "runtime/kernels/Pack.h"

#include <dnnl.hpp>

#include <cstring>
#include <map>
#include <string>

namespace vescale::runtime {
namespace {

using dnnl::memory;

dnnl::engine &cpuEngine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::data_type dnnlType(int32_t dtype, const char *what) {
  if (dtype == VS_F32)
    return memory::data_type::f32;
  if (dtype == VS_BF16)
    return memory::data_type::bf16;
  const DTypeInfo *info = dtypeInfo(dtype);
  fail(ExitCode::RunFailed, "matrix multiplication with ", what, " of type ",
       info ? info->name : "?",
       " is not supported on this CPU (f32 and bf16 "
       "are)");
}

/// The primitive for boxes of one shape.
struct Shape {
  dnnl::matmul::primitive_desc descriptor;
  dnnl::matmul primitive;
  int64_t scratchBytes = 0;
  bool brgemm = false;
  bool staged = false; // the result is dense and has to be copied to C
};

struct Box {
  int64_t row, rows, column, columns; // rows within the batch element
  int64_t batchRow;                   // row 0 of the batch element
  const Shape *shape = nullptr;       // null: gemmBlock
  char *a, *b, *c;
  memory aMemory, bMemory, cMemory, scratchMemory;
};

class GemmStep : public Step {
public:
  GemmStep(const vs_gemm &gemm, const Addresses &addresses, const int64_t *env)
      : gemm(gemm), epilogue(gemm.epilogue, addresses, env),
        a(addresses.at(gemm.a)), b(addresses.at(gemm.b)),
        c(addresses.at(gemm.c)), scratch(addresses.at(gemm.scratch)),
        type(dnnlType(gemm.dtype, "operands")),
        resultType(dnnlType(gemm.result_dtype, "a result")),
        bytes(dtypeBytes(static_cast<vs_dtype>(gemm.dtype))),
        resultBytes(dtypeBytes(static_cast<vs_dtype>(gemm.result_dtype))) {
    if (gemm.leaves > 0 && (!isF32() || gemm.b_packed))
      fail(ExitCode::RunFailed, "sums of a matrix multiplication have one "
                                "order for unpacked f32 operands only");
    int64_t batch = gemm.batch[0] * gemm.batch[1];
    if (batch * gemm.m * gemm.n == 0)
      return;
    if (isF32() && !gemm.b_packed)
      chooseBlocks(batch);
    else
      chooseBoxes(batch);
    int64_t left = batch * ((gemm.n + boxColumns - 1) / boxColumns) *
                   ((gemm.m + boxRows - 1) / boxRows);
    for (int64_t i = 0; i < gemm.batch[0]; ++i)
      for (int64_t j = 0; j < gemm.batch[1]; ++j)
        for (int64_t column = 0; column < gemm.n; column += boxColumns)
          for (int64_t row = 0; row < gemm.m; row += boxRows)
            addBoxes(i, j, row, column, left--);
    planScratch();
  }

  void run() override {
    parallelItems(boxes.size(), threads, [&](int64_t item, int thread) {
      Box &box = boxes[item];
      if (gemm.k == 0)
        clear(box);
      else if (box.shape)
        runPrimitive(box, thread);
      else
        runBlock(box, thread);
      if (epilogue)
        epilogue(box.batchRow + box.row, box.batchRow + box.row + box.rows,
                 box.column, box.column + box.columns);
    });
    if (failed)
      fail(ExitCode::RunFailed, "oneDNN's matrix multiplication failed");
  }

private:
  bool isF32() const {
    return gemm.dtype == VS_F32 && gemm.result_dtype == VS_F32;
  }

  /// Boxes for GemmBlock: tall, since each copies the block of B that it reads;
  /// smaller where there would be less than three for a thread.
  void chooseBlocks(int64_t batch) {
    boxRows = std::min(gemm.m, gemm.leaves > 1 ? gemmTreeRows : gemmBlockRows);
    boxColumns = gemmBlockColumns;
    auto boxCount = [&] {
      return batch * ((gemm.m + boxRows - 1) / boxRows) *
             ((gemm.n + boxColumns - 1) / boxColumns);
    };
    int64_t wanted = threadCount() == 1 ? 1 : 3 * threadCount();
    while (boxCount() < wanted) {
      if (boxRows > 256)
        boxRows /= 2;
      else if (boxColumns > panelColumns)
        boxColumns = panelColumns;
      else if (boxRows > 128)
        boxRows = 128;
      else
        break;
    }
    // Equal parts of whole tiles.
    int64_t parts = (gemm.m + boxRows - 1) / boxRows;
    boxRows = roundUp((gemm.m + parts - 1) / parts, 6);
  }

  void chooseBoxes(int64_t batch) {
    // Rows: equal parts of at most 128, or all of them up to gemmMaxRows.
    int64_t parts = gemm.m <= gemmMaxRows ? 1 : (gemm.m + 127) / 128;
    boxRows = (gemm.m + parts - 1) / parts;
    // Columns: all of them where rows alone make boxes enough, since a result
    // as wide as C needs no copy (and no scratch, if no operand is copied).
    // Else several boxes a thread, none so wide that C leaves the cache.
    int64_t threads = threadCount();
    bool copies = !isF32() || gemm.transpose_a;
    if (!copies && (threads == 1 || parts * batch >= 4 * threads)) {
      boxColumns = gemm.n;
    } else {
      int64_t wanted = (gemm.n * parts * batch) / (4 * threads);
      boxColumns = std::min<int64_t>(
          std::max<int64_t>(roundUp(wanted, panelColumns), panelColumns),
          gemmMaxColumns);
    }
    // Where all packed boxes call the plain kernel, one panel is one call.
    if (gemm.b_packed && gemm.k != 0 && !blockedPacking())
      boxColumns = panelColumns;
  }

  memory::desc weights(int64_t columns) const {
    memory::dims dims{gemm.k, columns};
    if (!gemm.b_packed)
      return memory::desc(dims, type,
                          gemm.transpose_b ? memory::dims{1, gemm.ldb}
                                           : memory::dims{gemm.ldb, 1});
    if (usePanels)
      return memory::desc(dims, type, memory::dims{panelColumns, 1});
    return memory::desc(dims, type,
                        type == memory::data_type::f32
                            ? memory::format_tag::BA16a64b
                            : memory::format_tag::BA16a64b2a);
  }

  Shape makeShape(int64_t rows, int64_t columns, bool dense) const {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    Shape shape;
    shape.descriptor = dnnl::matmul::primitive_desc(
        dnnl::matmul::desc(
            memory::desc({rows, gemm.k}, type,
                         gemm.transpose_a ? memory::dims{1, gemm.lda}
                                          : memory::dims{gemm.lda, 1}),
            weights(columns),
            memory::desc({rows, columns}, resultType,
                         memory::dims{dense ? columns : gemm.ldc, 1})),
        attributes, cpuEngine());
    shape.primitive = dnnl::matmul(shape.descriptor);
    shape.scratchBytes =
        roundUp(shape.descriptor.scratchpad_desc().get_size(), 64);
    shape.brgemm =
        std::string(shape.descriptor.impl_info_str()).rfind("brg", 0) == 0;
    shape.staged = dense && columns != gemm.ldc;
    if (shape.staged)
      shape.scratchBytes += roundUp(rows * columns * resultBytes, 64);
    return shape;
  }

  /// Can this machine's matmul take the blocked layout of packed weights?
  bool blockedPacking() {
    if (gemm.dtype == VS_BF16)
      usePanels = !packsPairs(VS_BF16);
    else
      usePanels =
          !makeShape(boxRows, std::min(panelColumns, gemm.n), true).brgemm;
    return !usePanels;
  }

  /// The primitive for a box, or null where gemmBlock is the better call: f32
  /// but for packed weights, and these where oneDNN has no fast kernel, as on
  /// machines without AVX-512.
  const Shape *shapeFor(int64_t rows, int64_t columns) {
    if (isF32() && !gemm.b_packed)
      return nullptr;
    auto found = shapes.find({rows, columns});
    if (found == shapes.end()) {
      Shape shape = makeShape(rows, columns, /*dense=*/true);
      if (!shape.brgemm)
        shape = makeShape(rows, columns, /*dense=*/false);
      found =
          shapes.emplace(std::make_pair(rows, columns), std::move(shape)).first;
    }
    const Shape &shape = found->second;
    if (isF32() && (!shape.brgemm || shape.scratchBytes > gemm.scratch_bytes))
      return nullptr;
    return &shape;
  }

  /// One box, or each thread's last as several with fewer rows, so that a
  /// thread that was interrupted is not waited for long.
  void addBoxes(int64_t i, int64_t j, int64_t row, int64_t column,
                int64_t left) {
    int64_t rows = std::min(boxRows, gemm.m - row), step = rows;
    if (isF32() && !gemm.b_packed && threadCount() > 1 && left <= threadCount())
      step = std::max(gemmLastRows, roundUp((rows + 3) / 4, 6));
    for (int64_t at = 0; at < rows; at += step)
      addBox(i, j, row + at, std::min(step, rows - at), column);
  }

  void addBox(int64_t i, int64_t j, int64_t row, int64_t rows, int64_t column) {
    Box box;
    box.row = row;
    box.rows = rows;
    box.column = column;
    box.columns = std::min(boxColumns, gemm.n - column);
    box.batchRow = (i * gemm.batch[1] + j) * gemm.m;
    int64_t aAt = i * gemm.a_batch_stride[0] + j * gemm.a_batch_stride[1] +
                  row * (gemm.transpose_a ? 1 : gemm.lda);
    int64_t bAt = i * gemm.b_batch_stride[0] + j * gemm.b_batch_stride[1];
    if (gemm.b_packed)
      bAt += column * packedRows(gemm.k, static_cast<vs_dtype>(gemm.dtype));
    else
      bAt += column * (gemm.transpose_b ? gemm.ldb : 1);
    int64_t cAt = i * gemm.c_batch_stride[0] + j * gemm.c_batch_stride[1] +
                  row * gemm.ldc + column;
    box.a = a + aAt * bytes;
    box.b = b + bAt * bytes;
    box.c = c + cAt * resultBytes;
    if (gemm.k != 0)
      box.shape = shapeFor(box.rows, box.columns);
    if (box.shape) {
      auto &descriptor = box.shape->descriptor;
      box.aMemory = memory(descriptor.src_desc(), cpuEngine(), box.a);
      box.bMemory = memory(descriptor.weights_desc(), cpuEngine(), box.b);
      box.cMemory = memory(descriptor.dst_desc(), cpuEngine(),
                           box.shape->staged ? DNNL_MEMORY_NONE
                                             : static_cast<void *>(box.c));
      box.scratchMemory =
          memory(descriptor.scratchpad_desc(), cpuEngine(), DNNL_MEMORY_NONE);
      scratchPerThread = std::max(scratchPerThread, box.shape->scratchBytes);
    } else {
      scratchPerThread = std::max(
          scratchPerThread, gemmBlockScratch + gemmTreeScratch(gemm.leaves));
    }
    boxes.push_back(std::move(box));
  }

  void planScratch() {
    threads = threadCount();
    if (scratchPerThread == 0)
      return;
    int64_t fit = gemm.scratch_bytes / scratchPerThread;
    if (fit < 1)
      fail(ExitCode::RunFailed, "a matrix multiplication ", gemm.m, "x", gemm.k,
           "x", gemm.n, " needs ", scratchPerThread,
           " bytes of scratch, the program gives it ", gemm.scratch_bytes);
    threads = static_cast<int>(std::min<int64_t>(threads, fit));
  }

  void runPrimitive(Box &box, int thread) {
    thread_local dnnl::stream stream(cpuEngine());
    char *own = scratch + thread * scratchPerThread;
    int64_t staged = box.shape->staged
                         ? roundUp(box.rows * box.columns * resultBytes, 64)
                         : 0;
    if (staged)
      box.cMemory.set_data_handle(own);
    box.scratchMemory.set_data_handle(own + staged);
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, box.aMemory.get()},
        {DNNL_ARG_WEIGHTS, box.bMemory.get()},
        {DNNL_ARG_DST, box.cMemory.get()},
        {DNNL_ARG_SCRATCHPAD, box.scratchMemory.get()}};
    if (dnnl_primitive_execute(box.shape->primitive.get(), stream.get(), 4,
                               arguments) != dnnl_success)
      failed = true;
    int64_t width = box.columns * resultBytes;
    if (staged)
      for (int64_t row = 0; row < box.rows; ++row)
        std::memcpy(box.c + row * gemm.ldc * resultBytes, own + row * width,
                    width);
  }

  void runBlock(const Box &box, int thread) {
    GemmBlock block{};
    block.a = reinterpret_cast<const float *>(box.a);
    block.b = reinterpret_cast<const float *>(box.b);
    block.c = reinterpret_cast<float *>(box.c);
    block.lda = gemm.lda;
    block.ldb = gemm.b_packed ? panelColumns : gemm.ldb;
    block.ldc = gemm.ldc;
    block.rows = box.rows;
    block.columns = box.columns;
    block.depth = gemm.k;
    block.leaves = gemm.leaves;
    block.transposeA = gemm.transpose_a;
    block.transposeB = gemm.transpose_b && !gemm.b_packed;
    block.scratch =
        reinterpret_cast<float *>(scratch + thread * scratchPerThread);
    (hasWideVectors() ? v4::gemmBlock : v3::gemmBlock)(block);
  }

  void clear(const Box &box) {
    for (int64_t row = 0; row < box.rows; ++row)
      std::memset(box.c + row * gemm.ldc * resultBytes, 0,
                  box.columns * resultBytes);
  }

  vs_gemm gemm;
  BoundKernel epilogue;
  char *a, *b, *c, *scratch;
  memory::data_type type, resultType;
  int64_t bytes, resultBytes;
  int64_t boxRows = 0, boxColumns = 0, scratchPerThread = 0;
  int threads = 1;
  bool usePanels = false;
  std::atomic<bool> failed{false};
  std::map<std::pair<int64_t, int64_t>, Shape> shapes;
  std::vector<Box> boxes;
};

} // namespace

std::unique_ptr<Step> makeGemmStep(const vs_gemm &gemm,
                                   const Addresses &addresses,
                                   const int64_t *env) {
  try {
    return std::make_unique<GemmStep>(gemm, addresses, env);
  } catch (const dnnl::error &error) {
    fail(ExitCode::RunFailed, "oneDNN has no matrix multiplication ", gemm.m,
         "x", gemm.k, "x", gemm.n, " for these operands: ", error.what());
  }
}

} // namespace vescale::runtime
