// Convolution: blocks of output positions are gathered into columns
// (channels × window rows) and multiplied with the weight; where a group has
// one channel the sum is computed directly.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/GemmBlock.h"
#include "runtime/kernels/Isa.h"
#include "runtime/kernels/Kernel.h"

#include <cstring>

namespace vescale::runtime {
namespace {

class ConvStep : public Step {
public:
  ConvStep(const vs_conv &op, const Addresses &addresses, const int64_t *env)
      : op(op), epilogue(op.epilogue, addresses, env),
        input(floats(addresses.at(op.input))),
        weight(floats(addresses.at(op.weight))),
        result(floats(addresses.at(op.result))),
        scratch(addresses.at(op.scratch)),
        multiply(hasWideVectors() ? v4::gemmBlock : v3::gemmBlock) {
    if (op.dtype != VS_F32)
      fail(ExitCode::RunFailed,
           "convolution on a type other than f32 is not supported");
    // Missing dimensions become dimensions of size 1 in front.
    for (int i = 0; i < 3; ++i) {
      int from = i - (3 - op.spatial_dims);
      in[i] = from < 0 ? 1 : op.in_size[from];
      window[i] = from < 0 ? 1 : op.window[from];
      out[i] = from < 0 ? 1 : op.out_size[from];
      stride[i] = from < 0 ? 1 : op.strides[from];
      dilation[i] = from < 0 ? 1 : op.dilations[from];
      pad[i] = from < 0 ? 0 : op.pad_low[from];
    }
    groupChannels = op.c / op.groups;
    groupResults = op.o / op.groups;
    taps = window[0] * window[1] * window[2];
    rows = groupChannels * taps;
    positions = out[0] * out[1] * out[2];
    inputPlane = in[0] * in[1] * in[2];
    blockPositions = convPositions(rows, positions);
    // Small blocks keep all threads busy where there is little to do.
    int64_t blocks = op.n * op.groups;
    while (blockPositions > 64 &&
           blocks * ((positions + blockPositions - 1) / blockPositions) <
               2 * threadCount())
      blockPositions = roundUp(blockPositions / 2, 64);
    positionBlocks = (positions + blockPositions - 1) / blockPositions;
    direct = groupChannels == 1;
    columnBytes = roundUp(rows * blockPositions * 4, 64);
    scratchBytes = columnBytes + gemmBlockScratch;
    threads = threadCount();
    if (direct)
      return;
    threads = static_cast<int>(
        std::min<int64_t>(threads, op.scratch_bytes / scratchBytes));
    if (threads < 1)
      fail(ExitCode::RunFailed, "a convolution needs ", scratchBytes,
           " bytes of scratch, the program gives it ", op.scratch_bytes);
  }

  void run() override {
    parallelItems(op.n * op.groups * positionBlocks, threads,
                  [&](int64_t item, int thread) {
                    int64_t block = item % positionBlocks;
                    int64_t group = item / positionBlocks % op.groups;
                    int64_t image = item / positionBlocks / op.groups;
                    int64_t from = block * blockPositions;
                    runBlock(image, group, from,
                             std::min(blockPositions, positions - from),
                             thread);
                  });
  }

private:
  void runBlock(int64_t image, int64_t group, int64_t from, int64_t count,
                int thread) {
    const float *source =
        input + (image * op.c + group * groupChannels) * inputPlane;
    const float *weights = weight + group * groupResults * rows;
    int64_t firstRow = image * op.o + group * groupResults;
    float *target = result + firstRow * positions + from;
    if (direct) {
      for (int64_t o = 0; o < groupResults; ++o)
        directRow(source, weights + o * rows, from, count,
                  target + o * positions);
    } else {
      char *own = scratch + thread * scratchBytes;
      float *columns = floats(own);
      gather(source, from, count, columns);
      GemmBlock block{};
      block.a = weights;
      block.b = columns;
      block.c = target;
      block.lda = rows;
      block.ldb = count;
      block.ldc = positions;
      block.rows = groupResults;
      block.columns = count;
      block.depth = rows;
      block.scratch = floats(own + columnBytes);
      multiply(block);
    }
    if (epilogue)
      epilogue(firstRow, firstRow + groupResults, from, from + count);
  }

  /// Calls body(at, length, offset) for runs of positions in one output line;
  /// offset: of the run's first position's input for this tap along the line.
  template <typename Body>
  void forLines(int64_t from, int64_t count, Body body) const {
    for (int64_t done = 0; done < count;) {
      int64_t position = from + done, x = position % out[2];
      int64_t length = std::min(out[2] - x, count - done);
      body(done, length, position / out[2] / out[1], position / out[2] % out[1],
           x);
      done += length;
    }
  }

  /// The input line that a tap reads for an output line, or null if padding.
  const float *lineOf(const float *plane, int64_t z, int64_t y, int64_t tapZ,
                      int64_t tapY) const {
    int64_t inZ = z * stride[0] + tapZ * dilation[0] - pad[0];
    int64_t inY = y * stride[1] + tapY * dilation[1] - pad[1];
    if (inZ < 0 || inZ >= in[0] || inY < 0 || inY >= in[1])
      return nullptr;
    return plane + (inZ * in[1] + inY) * in[2];
  }

  void gather(const float *source, int64_t from, int64_t count,
              float *columns) const {
    for (int64_t channel = 0; channel < groupChannels; ++channel)
      for (int64_t tap = 0; tap < taps; ++tap) {
        float *row = columns + (channel * taps + tap) * count;
        int64_t tapX = tap % window[2], tapY = tap / window[2] % window[1];
        int64_t tapZ = tap / window[2] / window[1];
        forLines(
            from, count,
            [&](int64_t at, int64_t length, int64_t z, int64_t y, int64_t x) {
              const float *line =
                  lineOf(source + channel * inputPlane, z, y, tapZ, tapY);
              if (!line) {
                std::memset(row + at, 0, length * 4);
                return;
              }
              int64_t inX = x * stride[2] + tapX * dilation[2] - pad[2];
              for (int64_t i = 0; i < length; ++i, inX += stride[2])
                row[at + i] = inX >= 0 && inX < in[2] ? line[inX] : 0.0f;
            });
      }
  }

  void directRow(const float *source, const float *weights, int64_t from,
                 int64_t count, float *target) const {
    std::memset(target, 0, count * 4);
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t tapX = tap % window[2], tapY = tap / window[2] % window[1];
      int64_t tapZ = tap / window[2] / window[1];
      float factor = weights[tap];
      forLines(
          from, count,
          [&](int64_t at, int64_t length, int64_t z, int64_t y, int64_t x) {
            const float *line = lineOf(source, z, y, tapZ, tapY);
            if (!line)
              return;
            int64_t inX = x * stride[2] + tapX * dilation[2] - pad[2];
            for (int64_t i = 0; i < length; ++i, inX += stride[2])
              if (inX >= 0 && inX < in[2])
                target[at + i] += factor * line[inX];
          });
    }
  }

  static float *floats(char *at) { return reinterpret_cast<float *>(at); }

  vs_conv op;
  BoundKernel epilogue;
  const float *input, *weight;
  float *result;
  char *scratch;
  int64_t in[3], window[3], out[3], stride[3], dilation[3], pad[3];
  int64_t groupChannels, groupResults, taps, rows, positions, inputPlane;
  void (*multiply)(const GemmBlock &);
  int64_t blockPositions, positionBlocks, columnBytes, scratchBytes;
  int threads;
  bool direct;
};

} // namespace

std::unique_ptr<Step> makeConvStep(const vs_conv &conv,
                                   const Addresses &addresses,
                                   const int64_t *env) {
  return std::make_unique<ConvStep>(conv, addresses, env);
}

} // namespace vescale::runtime
