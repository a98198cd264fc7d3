// The bundle's manifest.json, read and checked (see docs/Reference/bundle.md).
#ifndef VESCALE_RUNTIME_CORE_MANIFEST_H
#define VESCALE_RUNTIME_CORE_MANIFEST_H

#include "runtime/core/DType.h"
#include "runtime/core/Layout.h"
#include "runtime/io/ContentHash.h"
#include "runtime/train/TrainManifest.h"

#include <map>
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
  /// Of a rank's matrix products, by entry.
  std::map<std::string, int64_t> flops;
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

/// The dense tensor that a parameter is a view on, and the file that has it.
struct ParameterSource {
  std::string file; // relative to the bundle, or absolute; empty for `init`
  int64_t offset = 0, bytes = 0;
  vs_dtype dtype = VS_F32;
  std::vector<int64_t> shape;
  bool isAuthors = false; // the author's tensor, with its order of dimensions
};

/// A strided view on a tensor, in elements.
struct View {
  int64_t offset;
  std::vector<int64_t> strides;
};

/// The tensor of the author's model that a parameter is, under its name.
struct Author {
  std::vector<int64_t> shape;
  std::vector<std::string> tied; // other names of it
  std::optional<View> view;      // none: the parameter is no view on it
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
  View view;
  Layout layout;
  Place at;
  std::optional<Author> author; // none: a constant, or listed as unnamed
  std::optional<Packed> packed; // of the local shard
  bool trained = false;         // the program updates it
  std::optional<double> init;   // what all elements start with, in no file

  bool transient = false; // means nothing when a training step has ended

  /// Does it outlive a step, so that checkpoints have it?
  bool isState() const { return (trained || init) && !transient; }
};

/// A weights file outside the bundle, as it was when the model was compiled.
struct ReferencedFile {
  std::string path;
  FileStamp stamp;
  std::string hash;
};

struct Manifest {
  std::string model, targetKind, targetIsa;
  Mesh mesh;
  std::vector<ProgramEntry> programs;
  std::vector<Port> inputs, outputs;
  std::vector<Parameter> parameters;
  std::vector<ReferencedFile> files;
  /// Tensors that may hold weights, but under no name that the author gave.
  std::vector<std::string> unnamed;
  /// Of a training program.
  std::optional<TrainManifest> train;

  const ProgramEntry &programOf(int64_t rank) const;
};

/// Every malformed or inconsistent manifest is a BadInput failure that names
/// the field.
Manifest readManifest(const std::string &path);
Manifest parseManifest(const char *begin, const char *end,
                       const std::string &path);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_MANIFEST_H
