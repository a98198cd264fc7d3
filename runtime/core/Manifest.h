// The bundle's manifest.json, read and checked (see docs/Reference/bundle.md).
#ifndef VESCALE_RUNTIME_CORE_MANIFEST_H
#define VESCALE_RUNTIME_CORE_MANIFEST_H

#include "runtime/core/DType.h"
#include "runtime/core/Layout.h"

#include <optional>
#include <string>
#include <vector>

namespace vescale::runtime {

inline constexpr const char *manifestSchema = "vescale.manifest/1";

struct ProgramEntry {
  std::string file;
  std::vector<int64_t> ranks;
  std::string hash;
  int64_t arenaBytes, commBytes;
};

struct Place {
  vs_space space;
  int64_t offset;
};

/// A graph input or output: the global tensor and where its shard lies.
struct Port {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape;
  Layout layout;
  Place at;
};

/// Where a parameter's bytes come from: raw bytes of a file, or a tensor of a
/// safetensors file by name.
struct ParameterSource {
  std::string file;
  std::optional<std::string> tensor;
  int64_t offset = 0, bytes = 0;
  vs_dtype dtype = VS_F32;
  std::vector<int64_t> shape; // known for raw sources
};

struct Packed {
  int64_t k, n;
  bool transposed; // the view is n×k
};

struct Parameter {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape; // of the view
  ParameterSource source;
  int64_t viewOffset; // elements
  std::vector<int64_t> viewStrides;
  Layout layout;
  Place at;
  std::optional<Packed> packed; // of the local shard
};

struct Manifest {
  std::string model, targetKind, targetIsa;
  Mesh mesh;
  std::vector<ProgramEntry> programs;
  std::vector<Port> inputs, outputs;
  std::vector<Parameter> parameters;

  const ProgramEntry &programOf(int64_t rank) const;
};

/// Every malformed or inconsistent manifest is a BadInput failure that names
/// the field.
Manifest readManifest(const std::string &path);
Manifest parseManifest(const char *begin, const char *end,
                       const std::string &path);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_MANIFEST_H
