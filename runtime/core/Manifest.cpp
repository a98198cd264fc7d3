// Reads manifest.json; whatever it accepts is consistent in itself.
#include "runtime/core/Manifest.h"

#include "runtime/core/Error.h"
#include "runtime/core/JsonField.h"
#include "runtime/core/Number.h"
#include "runtime/core/Runs.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/TensorFile.h"

#include <algorithm>
#include <set>

namespace vescale::runtime {
namespace {

using Json = nlohmann::json;
using Field = JsonField;

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

/// What stands in place of a source where no file has the values.
ParameterSource readStored(const Field &field) {
  ParameterSource source;
  source.dtype = field["dtype"].dtype();
  source.shape = readShape(field["shape"], source.dtype);
  source.bytes = checkedBytes(source.shape, dtypeBytes(source.dtype));
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

/// State is written and read in the order of the tensor's elements, by plain
/// copies.
void checkState(const Field &field, const Parameter &parameter) {
  const ParameterSource &stored = parameter.source;
  if (parameter.dtype != stored.dtype)
    field.bad(cat("state of type ", dtypeName(parameter.dtype), ", stored as ",
                  dtypeName(stored.dtype)));
  if (parameter.packed)
    field["packed"].bad("what the program updates can't be packed");
  if (parameter.at.space == VS_PARAM)
    field["at"].bad("what the program updates can't stay in its file");
  if (!isAscending(parameter.shape, parameter.view.strides))
    field["view"].bad("a view of state must follow the order of its tensor's "
                      "elements, none of them twice");
  int64_t end =
      viewEnd(parameter.shape, parameter.view.offset, parameter.view.strides);
  int64_t elements = stored.bytes / dtypeBytes(stored.dtype);
  if (end > elements)
    field["view"].bad(cat("shape ", shapeText(parameter.shape),
                          " reaches element ", end - 1,
                          " of a tensor of shape ", shapeText(stored.shape)));
}

TrainManifest readTrain(const Field &field) {
  TrainManifest train;
  for (const auto &[name, source] : field["data"].entries()) {
    DataSource &data = train.data[name];
    if (source.has("fill"))
      data.fill = source["fill"].number();
    else
      data.from = source["from"].string();
    if (source.has("shift"))
      data.shift = source["shift"].size();
  }
  if (field.has("order")) {
    std::string order = field["order"].string();
    if (order != "shuffled" && order != "sequential")
      field["order"].bad(cat("'", order, "' is no order of samples"));
    if (order == "sequential")
      train.order = SampleOrder::Sequential;
  }
  train.seed = field["seed"].size();
  train.microBatches = field["micro_batches"].size();
  if (train.microBatches < 1)
    field["micro_batches"].bad("is less than 1");
  return train;
}

Parameter readParameter(const Field &field, const Mesh &mesh) {
  Parameter parameter;
  parameter.name = field["name"].string();
  parameter.dtype = field["dtype"].dtype();
  parameter.shape = readShape(field["shape"], parameter.dtype);
  parameter.trained = field.has("trained") && field["trained"].boolean();
  parameter.transient = field.has("transient") && field["transient"].boolean();
  if (field.has("init")) {
    if (field.has("source"))
      field.bad("has both 'source' and 'init'");
    parameter.init = field["init"].number();
    parameter.source = readStored(field["stored"]);
    std::string why = cantHold(parameter.source.dtype, *parameter.init);
    if (!why.empty())
      field["init"].bad(why);
  } else {
    parameter.source = readSource(field["source"]);
  }
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
  if (parameter.isState())
    checkState(field, parameter);
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
    ProgramEntry program{
        field["file"].string(),     field["ranks"].sizes(),
        field["hash"].string(),     field["arena_bytes"].size(),
        field["comm_bytes"].size(), {}};
    if (field.has("entries"))
      for (const Field &entry : field["entries"].list())
        program.flops[entry["name"].string()] = entry["flops"].size();
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
  if (root.has("train"))
    manifest.train = readTrain(root["train"]);
  checkFiles(manifest, path);
  return manifest;
}

Manifest readManifest(const std::string &path) {
  MappedFile file(path, "manifest");
  return parseManifest(file.data(), file.data() + file.size(), path);
}

} // namespace vescale::runtime
