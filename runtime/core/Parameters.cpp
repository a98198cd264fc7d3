// Finds, checks and loads parameters.
//
// Of a file a rank reads the pages that hold its own bytes: the kernel does not
// read ahead, the loader names the runs that a shard consists of.
#include "runtime/core/Parameters.h"

#include "runtime/core/Error.h"
#include "runtime/core/Number.h"
#include "runtime/core/Runs.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/Pack.h"

namespace vescale::runtime {

constexpr int64_t pageBytes = 4096;
// Larger ones that stay in their file are tables of which a run reads rows.
constexpr int64_t maxPrefetchedBytes = int64_t(16) << 20;
// A packed weight's pages are released after every so many.
constexpr int64_t packedAtOnceBytes = int64_t(16) << 20;

Parameters::Parameters(const Manifest &manifest, const std::string &bundle,
                       int rank)
    : rank(rank) {
  for (const Parameter &parameter : manifest.parameters) {
    Part part{&parameter,
              shardOf(parameter.shape, parameter.layout, manifest.mesh, rank),
              parameter.init ? nullptr : fileOf(parameter, bundle), nullptr};
    if (part.file)
      part.from = part.file->data() + parameter.source.offset;
    if (part.file && !part.shard.empty()) {
      int64_t offset = parameter.view.offset;
      for (size_t dim = 0; dim < parameter.shape.size(); ++dim)
        offset += part.shard.start[dim] * parameter.view.strides[dim];
      part.from += offset * dtypeBytes(parameter.dtype);
    }
    check(part);
    parts.push_back(std::move(part));
  }
}

const MappedFile *Parameters::fileOf(const Parameter &parameter,
                                     const std::string &bundle) {
  const ParameterSource &source = parameter.source;
  std::string path = !source.file.empty() && source.file[0] == '/'
                         ? source.file
                         : bundle + "/" + source.file;
  auto &file = files[path];
  if (!file)
    file = std::make_unique<MappedFile>(
        path, cat("parameter '", parameter.name, "': weights file"),
        MappedFile::Access::OnlyTouched);
  if (source.offset > file->size() ||
      source.bytes > file->size() - source.offset)
    fail(ExitCode::BadInput, "parameter '", parameter.name, "' lies at bytes ",
         source.offset, " to ", source.offset + source.bytes, " of '", path,
         "', which has ", file->size());
  return file.get();
}

void Parameters::check(const Part &part) {
  const Parameter &parameter = *part.parameter;
  const ParameterSource &source = parameter.source;
  auto bad = [&](const std::string &why) {
    fail(ExitCode::BadInput, "parameter '", parameter.name, "': ", why);
  };
  if (source.dtype != parameter.dtype)
    bad(cat("the program was compiled for ", dtypeName(parameter.dtype),
            ", the weights file has ", dtypeName(source.dtype)));
  int64_t elements = source.bytes / dtypeBytes(source.dtype);
  int64_t end =
      viewEnd(parameter.shape, parameter.view.offset, parameter.view.strides);
  if (end > elements)
    bad(cat("its view of shape ", shapeText(parameter.shape),
            " reaches element ", end - 1, " of a tensor of shape ",
            shapeText(source.shape)));
  const Shard &shard = part.shard;
  if (parameter.packed) {
    int64_t rows = shard.local[parameter.packed->transposed ? 1 : 0];
    int64_t columns = shard.local[parameter.packed->transposed ? 0 : 1];
    if (rows != parameter.packed->k || columns != parameter.packed->n)
      bad(cat("packed as ", parameter.packed->k, "x", parameter.packed->n,
              ", but its shard is ", rows, "x", columns));
    if (parameter.dtype != VS_F32 && parameter.dtype != VS_BF16)
      bad(cat("a weight of type ", dtypeName(parameter.dtype),
              " can't be packed"));
  }
  if (parameter.at.space != VS_PARAM)
    return;
  int64_t dense = 1;
  for (size_t dim = shard.local.size(); dim-- > 0;) {
    if ((shard.local[dim] != 1 && parameter.view.strides[dim] != dense) ||
        shard.valid[dim] != shard.local[dim])
      bad(cat("the program uses it where it lies in its file, but rank ", rank,
              "'s shard is not one dense block there; give the checkpoint to "
              "vescale-compile --checkpoint instead"));
    dense *= shard.local[dim];
  }
  if (reinterpret_cast<uintptr_t>(part.from) % dtypeBytes(parameter.dtype))
    bad(cat("the program uses it where it lies in its file, but there it "
            "begins at byte ",
            source.offset, ", which is no multiple of its elements' ",
            dtypeBytes(parameter.dtype),
            "; give the checkpoint to vescale-compile --checkpoint, with "
            "--weights=copy"));
}

void Parameters::prefetch(const Part &part) {
  int64_t bytes = dtypeBytes(part.parameter->dtype);
  forEachRun(part.shard.valid, part.parameter->view.strides,
             (pageBytes - 1) / bytes, [&](int64_t begin, int64_t end) {
               prefetchPages(part.from + begin * bytes, (end - begin) * bytes);
             });
}

void Parameters::pack(const Part &part, char *to) {
  const Parameter &parameter = *part.parameter;
  const Packed &packed = *parameter.packed;
  int rowDim = packed.transposed ? 1 : 0;
  int64_t rowStride = parameter.view.strides[rowDim];
  int64_t columnStride = parameter.view.strides[1 - rowDim];
  int64_t bytes = dtypeBytes(parameter.dtype);
  // Columns that follow each other in the file are packed and released a
  // block at a time, so that the largest weight is never in memory twice.
  int64_t block = packed.n;
  if (columnStride > rowStride)
    block = roundUp(
        std::max<int64_t>(1, packedAtOnceBytes / (columnStride * bytes)),
        panelColumns * threadCount());
  for (int64_t column = 0; column < packed.n; column += block) {
    int64_t columns = std::min(block, packed.n - column);
    int64_t valid =
        std::clamp<int64_t>(part.shard.valid[1 - rowDim] - column, 0, columns);
    const char *from = part.from + column * columnStride * bytes;
    packWeight(parameter.dtype, packed.k, columns, part.shard.valid[rowDim],
               valid, from, rowStride, columnStride,
               to + column * packedRows(packed.k, parameter.dtype) * bytes);
    if (block < packed.n)
      releasePages(part.file->data(), part.file->size());
  }
}

char *Parameters::loadOne(const Part &part, char *arena) {
  const Parameter &parameter = *part.parameter;
  int64_t bytes = dtypeBytes(parameter.dtype);
  if (parameter.at.space == VS_PARAM) {
    if (part.shard.localElements() * bytes <= maxPrefetchedBytes)
      prefetch(part);
    return const_cast<char *>(part.from);
  }
  char *to = arena + parameter.at.offset;
  if (parameter.init) {
    fillShard(parameter.dtype, *parameter.init, part.shard, to);
    return to;
  }
  prefetch(part);
  if (parameter.packed)
    pack(part, to);
  else
    gatherStrided(part.from, parameter.view.strides, part.shard.valid,
                  part.shard.local, bytes, to);
  // The kernel maps pages beside those that are touched.
  releasePages(part.file->data(), part.file->size());
  return to;
}

std::vector<char *> Parameters::load(char *arena,
                                     const std::function<void()> &beat) {
  std::vector<char *> places;
  for (const Part &part : parts) {
    places.push_back(loadOne(part, arena));
    beat();
  }
  return places;
}

} // namespace vescale::runtime
