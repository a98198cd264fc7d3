// Reads manifest.json; whatever it accepts is consistent in itself.
#include "runtime/core/Manifest.h"

#include "runtime/core/Error.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/TensorFile.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vescale::runtime {
namespace {

using Json = nlohmann::json;

/// A JSON value that knows its path, so that every error can name it.
class Field {
public:
  Field(const Json &value, std::string path)
      : value(value), path(std::move(path)) {}

  [[noreturn]] void bad(const std::string &why) const {
    fail(ExitCode::BadInput, path, ": ", why);
  }
  bool has(const char *key) const {
    return value.is_object() && value.contains(key) && !value[key].is_null();
  }
  Field operator[](const char *key) const {
    if (!has(key))
      bad(cat("'", key, "' is missing"));
    return Field(value[key], path + "." + key);
  }
  std::vector<Field> list() const {
    if (!value.is_array())
      bad("expected a list");
    std::vector<Field> fields;
    for (size_t i = 0; i < value.size(); ++i)
      fields.emplace_back(value[i], cat(path, "[", i, "]"));
    return fields;
  }
  std::string string() const {
    if (!value.is_string())
      bad("expected a string");
    return value.get<std::string>();
  }
  bool boolean() const {
    if (!value.is_boolean())
      bad("expected true or false");
    return value.get<bool>();
  }
  int64_t integer() const {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() &&
         value.get<uint64_t>() > uint64_t(INT64_MAX)))
      bad("expected an integer");
    return value.get<int64_t>();
  }
  int64_t size() const {
    int64_t result = integer();
    if (result < 0)
      bad(cat("negative: ", result));
    return result;
  }
  std::vector<int64_t> sizes() const {
    std::vector<int64_t> result;
    for (const Field &field : list())
      result.push_back(field.size());
    return result;
  }
  vs_dtype dtype() const {
    std::string name = string();
    auto dtype = dtypeFromName(name);
    if (!dtype)
      bad(cat("unknown element type '", name, "'"));
    return *dtype;
  }

private:
  const Json &value;
  std::string path;
};

Mesh readMesh(const Field &field) {
  Mesh mesh;
  int64_t size = 1;
  std::set<std::string> seen;
  for (const Field &axis : field.list()) {
    std::vector<Field> pair = axis.list();
    if (pair.size() != 2)
      axis.bad("expected [name, size]");
    std::string name = pair[0].string();
    int64_t extent = pair[1].integer();
    if (name.empty() || !seen.insert(name).second)
      axis.bad(cat("axis name '", name, "' is empty or repeated"));
    if (extent < 1 || __builtin_mul_overflow(size, extent, &size) ||
        size > (1 << 20))
      axis.bad(cat("axis size ", extent, " is out of range"));
    mesh.axes.emplace_back(name, extent);
  }
  return mesh;
}

/// "tp", or "tp:(1)2": pre-size 1, size 2.
AxisRef readAxis(const Field &field, const Mesh &mesh) {
  std::string text = field.string();
  size_t colon = text.find(":(");
  std::string name = text.substr(0, colon);
  for (size_t i = 0; i < mesh.axes.size(); ++i) {
    int64_t extent = mesh.axes[i].second;
    if (mesh.axes[i].first != name)
      continue;
    if (colon == std::string::npos)
      return {i, 1, extent};
    long long pre = 0, size = 0;
    int used = 0;
    if (std::sscanf(text.c_str() + colon, ":(%9lld)%9lld%n", &pre, &size,
                    &used) != 2 ||
        colon + used != text.size() || pre < 1 || size < 1 ||
        extent % (pre * size) != 0)
      field.bad(cat("'", text, "' is not a sub-axis of ", name, "=", extent));
    return {i, pre, size};
  }
  field.bad(cat("no axis '", name, "' in the mesh ", mesh.text()));
}

Layout readLayout(const Field &field, const Mesh &mesh, size_t rank) {
  Layout layout;
  std::vector<AxisRef> used;
  for (const Field &dim : field["dims"].list()) {
    layout.dims.emplace_back();
    for (const Field &axis : dim.list()) {
      AxisRef ref = readAxis(axis, mesh);
      for (const AxisRef &other : used)
        if (other.axis == ref.axis && ref.pre < other.pre * other.size &&
            other.pre < ref.pre * ref.size)
          axis.bad(cat("axis '", mesh.axes[ref.axis].first,
                       "' is used more than once"));
      used.push_back(ref);
      layout.dims.back().push_back(ref);
    }
  }
  if (layout.dims.size() != rank)
    field.bad(cat("layout of ", layout.dims.size(),
                  " dimensions for a tensor of ", rank));
  return layout;
}

Place readPlace(const Field &field) {
  std::string space = field["space"].string();
  if (space == "param")
    return {VS_PARAM, 0};
  if (space != "arena" && space != "comm")
    field.bad(cat("unknown space '", space, "'"));
  int64_t offset = field["offset"].size();
  if (offset % 64 != 0)
    field.bad(cat("offset ", offset, " is not a multiple of 64"));
  return {space == "arena" ? VS_ARENA : VS_COMM, offset};
}

std::vector<int64_t> readShape(const Field &field, vs_dtype dtype) {
  std::vector<int64_t> shape = field.sizes();
  if (checkedBytes(shape, dtypeBytes(dtype)) < 0)
    field.bad(cat("shape ", shapeText(shape), " does not fit 64 bits"));
  return shape;
}

Port readPort(const Field &field, const Mesh &mesh) {
  Port port;
  port.name = field["name"].string();
  port.dtype = field["dtype"].dtype();
  port.shape = readShape(field["shape"], port.dtype);
  port.layout = readLayout(field["layout"], mesh, port.shape.size());
  port.at = readPlace(field["at"]);
  if (port.at.space == VS_PARAM)
    field.bad("an input or output can't lie in the space 'param'");
  return port;
}

ParameterSource readSource(const Field &field) {
  ParameterSource source;
  source.file = field["file"].string();
  source.offset = field["offset"].size();
  source.bytes = field["bytes"].size();
  source.dtype = field["dtype"].dtype();
  source.shape = readShape(field["shape"], source.dtype);
  int64_t needed = checkedBytes(source.shape, dtypeBytes(source.dtype));
  if (needed != source.bytes)
    field.bad(cat("shape ", shapeText(source.shape), " of ",
                  dtypeName(source.dtype), " needs ", needed, " bytes, not ",
                  source.bytes));
  return source;
}

View readView(const Field &field, size_t rank) {
  View view{field["offset"].size(), field["strides"].sizes()};
  if (view.strides.size() != rank)
    field.bad(cat(view.strides.size(), " strides for ", rank, " dimensions"));
  return view;
}

Author readAuthor(const Field &field, size_t rank) {
  Author author;
  author.shape = field["shape"].sizes();
  if (field.has("tied"))
    for (const Field &name : field["tied"].list())
      author.tied.push_back(name.string());
  if (field.has("view"))
    author.view = readView(field["view"], rank);
  return author;
}

ReferencedFile readFile(const Field &field) {
  return {field["path"].string(),
          {field["bytes"].size(), field["modified_ns"].integer(),
           field["changed_ns"].integer()},
          field["xxh3_128"].string()};
}

/// What lies outside the bundle must be known by its hash.
void checkFiles(const Manifest &manifest, const std::string &path) {
  std::set<std::string> known;
  for (const ReferencedFile &file : manifest.files)
    known.insert(file.path);
  for (const Parameter &parameter : manifest.parameters) {
    const std::string &file = parameter.source.file;
    if (!file.empty() && file[0] == '/' && !known.count(file))
      fail(ExitCode::BadInput, path, ": parameter '", parameter.name,
           "' lies in '", file, "', which 'files' does not list");
  }
}

Parameter readParameter(const Field &field, const Mesh &mesh) {
  Parameter parameter;
  parameter.name = field["name"].string();
  parameter.dtype = field["dtype"].dtype();
  parameter.shape = readShape(field["shape"], parameter.dtype);
  parameter.source = readSource(field["source"]);
  parameter.view = readView(field["view"], parameter.shape.size());
  parameter.layout = readLayout(field["layout"], mesh, parameter.shape.size());
  parameter.at = readPlace(field["at"]);
  if (field.has("author"))
    parameter.author = readAuthor(field["author"], parameter.shape.size());
  if (field.has("packed")) {
    Field packed = field["packed"];
    parameter.packed = Packed{packed["k"].size(), packed["n"].size(),
                              packed["transposed"].boolean()};
    if (parameter.at.space == VS_PARAM || parameter.shape.size() != 2)
      packed.bad("only a matrix in the arena can be packed");
  }
  return parameter;
}

} // namespace

const ProgramEntry &Manifest::programOf(int64_t rank) const {
  for (const ProgramEntry &program : programs)
    if (std::find(program.ranks.begin(), program.ranks.end(), rank) !=
        program.ranks.end())
      return program;
  fail(ExitCode::BadInput, "no program for rank ", rank, " of the mesh ",
       mesh.text());
}

Manifest parseManifest(const char *begin, const char *end,
                       const std::string &path) {
  Json json = Json::parse(begin, end, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    fail(ExitCode::BadInput, path, ": not a JSON object");
  Field root(json, path);
  std::string schema = root["schema"].string();
  if (schema != manifestSchema)
    root.bad(cat("the bundle's format is '", schema, "', this runtime reads '",
                 manifestSchema, "'; compile the model again"));
  Manifest manifest;
  manifest.model = root["model"].string();
  manifest.targetKind = root["target"]["kind"].string();
  if (root["target"].has("isa"))
    manifest.targetIsa = root["target"]["isa"].string();
  manifest.mesh = readMesh(root["mesh"]);
  std::vector<bool> covered(manifest.mesh.size(), false);
  for (const Field &field : root["programs"].list()) {
    ProgramEntry program{field["file"].string(), field["ranks"].sizes(),
                         field["hash"].string(), field["arena_bytes"].size(),
                         field["comm_bytes"].size()};
    for (int64_t rank : program.ranks) {
      if (rank >= manifest.mesh.size() || covered[rank])
        field.bad(cat("rank ", rank, " is outside the mesh ",
                      manifest.mesh.text(), " or has two programs"));
      covered[rank] = true;
    }
    manifest.programs.push_back(std::move(program));
  }
  for (size_t rank = 0; rank < covered.size(); ++rank)
    if (!covered[rank])
      root["programs"].bad(cat("rank ", rank, " has no program"));
  for (const Field &field : root["inputs"].list())
    manifest.inputs.push_back(readPort(field, manifest.mesh));
  for (const Field &field : root["outputs"].list())
    manifest.outputs.push_back(readPort(field, manifest.mesh));
  for (const Field &field : root["parameters"].list())
    manifest.parameters.push_back(readParameter(field, manifest.mesh));
  if (root.has("files"))
    for (const Field &field : root["files"].list())
      manifest.files.push_back(readFile(field));
  if (root.has("unnamed"))
    for (const Field &field : root["unnamed"].list())
      manifest.unnamed.push_back(field.string());
  checkFiles(manifest, path);
  return manifest;
}

Manifest readManifest(const std::string &path) {
  MappedFile file(path, "manifest");
  return parseManifest(file.data(), file.data() + file.size(), path);
}

} // namespace vescale::runtime
