// Finds, checks and loads parameters.
#include "runtime/core/Parameters.h"

#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/kernels/Pack.h"

namespace vescale::runtime {

Parameters::Parameters(const Manifest &manifest, const std::string &bundle,
                       int rank)
    : manifest(manifest), rank(rank) {
  for (const Parameter &parameter : manifest.parameters) {
    sources.push_back(resolve(parameter, bundle));
    check(parameter, sources.back());
  }
}

static std::string pathIn(const std::string &bundle, const std::string &file) {
  return !file.empty() && file[0] == '/' ? file : bundle + "/" + file;
}

Parameters::Source Parameters::resolve(const Parameter &parameter,
                                       const std::string &bundle) {
  const ParameterSource &source = parameter.source;
  std::string path = pathIn(bundle, source.file);
  std::string what = cat("parameter '", parameter.name, "': weights file");
  if (source.tensor) {
    auto &file = safetensors[path];
    try {
      if (!file)
        file = openSafetensors(path);
    } catch (const Failure &failure) {
      fail(failure.code, "parameter '", parameter.name, "': ", failure.what());
    }
    for (size_t i = 0; i < file->tensors().size(); ++i) {
      const TensorInfo &info = file->tensors()[i];
      if (info.name == *source.tensor)
        return {file->data(i), info.bytes, info.dtype, info.shape};
    }
    fail(ExitCode::BadInput, "parameter '", parameter.name, "': '", path,
         "' has no tensor '", *source.tensor, "'");
  }
  auto &file = files[path];
  if (!file)
    file = std::make_unique<MappedFile>(path, what);
  if (source.offset > file->size() ||
      source.bytes > file->size() - source.offset)
    fail(ExitCode::BadInput, "parameter '", parameter.name, "' lies at bytes ",
         source.offset, " to ", source.offset + source.bytes, " of '", path,
         "', which has ", file->size());
  return {file->data() + source.offset, source.bytes, source.dtype,
          source.shape};
}

void Parameters::check(const Parameter &parameter, const Source &source) {
  auto bad = [&](const std::string &why) {
    fail(ExitCode::BadInput, "parameter '", parameter.name, "': ", why);
  };
  if (source.dtype != parameter.dtype)
    bad(cat("the program was compiled for ", dtypeName(parameter.dtype),
            ", the weights file has ", dtypeName(source.dtype)));
  // For safetensors the manifest may say what it was compiled for.
  if (!parameter.source.shape.empty() && parameter.source.shape != source.shape)
    bad(cat("the program was compiled for shape ",
            shapeText(parameter.source.shape), ", the weights file has ",
            shapeText(source.shape)));
  int64_t elements = source.bytes / dtypeBytes(source.dtype);
  int64_t last = parameter.viewOffset;
  bool empty = false, overflow = false;
  for (size_t dim = 0; dim < parameter.shape.size(); ++dim) {
    int64_t reach;
    empty |= parameter.shape[dim] == 0;
    overflow |= __builtin_mul_overflow(parameter.shape[dim] - 1,
                                       parameter.viewStrides[dim], &reach) ||
                __builtin_add_overflow(last, reach, &last);
  }
  if (!empty && (overflow || last >= elements))
    bad(cat("its view of shape ", shapeText(parameter.shape),
            " reaches element ", last, " of a tensor of shape ",
            shapeText(source.shape)));
  if (parameter.packed) {
    Shard shard =
        shardOf(parameter.shape, parameter.layout, manifest.mesh, rank);
    int64_t rows = shard.local[parameter.packed->transposed ? 1 : 0];
    int64_t columns = shard.local[parameter.packed->transposed ? 0 : 1];
    if (rows != parameter.packed->k || columns != parameter.packed->n)
      bad(cat("packed as ", parameter.packed->k, "x", parameter.packed->n,
              ", but its shard is ", rows, "x", columns));
    if (parameter.dtype != VS_F32 && parameter.dtype != VS_BF16)
      bad(cat("a weight of type ", dtypeName(parameter.dtype),
              " can't be packed"));
  }
}

char *Parameters::loadOne(const Parameter &parameter, const Source &source,
                          char *arena) {
  Shard shard = shardOf(parameter.shape, parameter.layout, manifest.mesh, rank);
  int64_t bytes = dtypeBytes(parameter.dtype);
  int64_t offset = parameter.viewOffset;
  for (size_t dim = 0; dim < shard.start.size(); ++dim)
    offset += shard.start[dim] * parameter.viewStrides[dim];
  const char *from = source.data + (shard.empty() ? 0 : offset * bytes);

  if (parameter.at.space == VS_PARAM) {
    int64_t dense = 1;
    for (size_t dim = shard.local.size(); dim-- > 0;) {
      if ((shard.local[dim] != 1 && parameter.viewStrides[dim] != dense) ||
          shard.valid[dim] != shard.local[dim])
        fail(ExitCode::BadInput, "parameter '", parameter.name,
             "' is to stay in its file, but rank ", rank,
             "'s shard is not one dense block of it");
      dense *= shard.local[dim];
    }
    return const_cast<char *>(from);
  }

  char *to = arena + parameter.at.offset;
  // A rank that needs part of the tensor shall not read the rest ahead.
  if (shard.localElements() < source.bytes / bytes)
    adviseSparse(source.data, source.bytes);
  if (parameter.packed) {
    int rowDim = parameter.packed->transposed ? 1 : 0;
    packWeight(parameter.dtype, parameter.packed->k, parameter.packed->n,
               shard.valid[rowDim], shard.valid[1 - rowDim], from,
               parameter.viewStrides[rowDim], parameter.viewStrides[1 - rowDim],
               to);
  } else {
    gatherStrided(from, parameter.viewStrides, shard.valid, shard.local, bytes,
                  to);
  }
  releasePages(source.data, source.bytes);
  return to;
}

std::vector<char *> Parameters::load(char *arena,
                                     const std::function<void()> &beat) {
  std::vector<char *> places;
  for (size_t i = 0; i < sources.size(); ++i) {
    places.push_back(loadOne(manifest.parameters[i], sources[i], arena));
    beat();
  }
  return places;
}

} // namespace vescale::runtime
