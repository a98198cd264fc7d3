//===- PlanFile.cpp - Plans as people write and read them -------*- C++ -*-===//

#include "vescale/Planner/PlanFile.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace vescale;

static constexpr StringLiteral kSchema = "vescale.plan/1";
/// A plan larger than this is none.
static constexpr size_t kMaxBytes = 64 << 20;
static constexpr int64_t kMaxRanks = int64_t(1) << 31;

namespace {
/// Reads fields and remembers where it is, for messages.
class Reader {
public:
  explicit Reader(StringRef file) : file(file) {}

  Error error(const Twine &what) const {
    return createStringError(errc::invalid_argument,
                             file + (where.empty() ? "" : ": " + where) + ": " +
                                 what);
  }
  Expected<PlanFile> plan(const json::Value &value);

private:
  Error mesh(const json::Value *value, PlanFile &plan);
  Error entry(const json::Value &value, PlanFile::Entry &entry);
  Error rejectUnknown(const json::Object &object, ArrayRef<StringRef> known);

  std::string file, where;
};
} // namespace

Error Reader::rejectUnknown(const json::Object &object,
                            ArrayRef<StringRef> known) {
  for (const auto &field : object)
    if (!is_contained(known, StringRef(field.first)))
      return error("unknown field \"" + StringRef(field.first) + "\"");
  return Error::success();
}

Error Reader::mesh(const json::Value *value, PlanFile &plan) {
  const json::Array *axes = value ? value->getAsArray() : nullptr;
  if (!axes)
    return error("needs \"mesh\": [[\"axis\", size], …]");
  int64_t ranks = 1;
  for (const json::Value &axis : *axes) {
    const json::Array *pair = axis.getAsArray();
    std::optional<StringRef> name;
    std::optional<int64_t> size;
    if (pair && pair->size() == 2) {
      name = (*pair)[0].getAsString();
      size = (*pair)[1].getAsInteger();
    }
    if (!name || name->empty() || !size)
      return error("a mesh axis is [\"name\", size]");
    if (*size < 1 || *size > kMaxRanks / ranks)
      return error("mesh axis \"" + *name + "\" has size " + Twine(*size));
    for (auto &other : plan.mesh)
      if (other.first == *name)
        return error("mesh axis \"" + *name + "\" is listed twice");
    ranks *= *size;
    plan.mesh.emplace_back(name->str(), *size);
  }
  return Error::success();
}

Error Reader::entry(const json::Value &value, PlanFile::Entry &entry) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return error("is not an object");
  if (Error unknown = rejectUnknown(*object, {"match", "dims", "partial"}))
    return unknown;
  std::optional<StringRef> match = object->getString("match");
  if (!match || match->empty())
    return error("needs \"match\": \"GLOB\"");
  entry.match = match->str();
  const json::Array *dims = object->getArray("dims");
  if (!dims)
    return error("needs \"dims\": [[\"axis\", …], …]");
  for (const json::Value &dim : *dims) {
    const json::Array *axes = dim.getAsArray();
    if (!axes)
      return error("\"dims\" needs a list of axes for each dimension");
    auto &list = entry.dims.emplace_back();
    for (const json::Value &axis : *axes) {
      std::optional<StringRef> name = axis.getAsString();
      if (!name)
        return error("an axis is a string");
      list.push_back(name->str());
    }
  }
  if (const json::Value *partial = object->get("partial")) {
    const json::Object *kinds = partial->getAsObject();
    if (!kinds)
      return error("\"partial\" is {\"axis\": \"sum\"}");
    for (const auto &field : *kinds) {
      std::optional<StringRef> kind = field.second.getAsString();
      if (!kind || (*kind != "sum" && *kind != "max" && *kind != "min"))
        return error("partial over \"" + StringRef(field.first) +
                     "\" must be \"sum\", \"max\" or \"min\"");
      entry.partial.emplace_back(StringRef(field.first).str(), kind->str());
    }
    llvm::sort(entry.partial);
  }
  return Error::success();
}

Expected<PlanFile> Reader::plan(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return error("is not a JSON object");
  std::optional<StringRef> schema = object->getString("schema");
  if (!schema || *schema != kSchema)
    return error("needs \"schema\": \"" + kSchema + "\", but has " +
                 (schema ? "\"" + *schema + "\"" : Twine("none")));
  if (Error unknown = rejectUnknown(*object, {"schema", "mesh", "layouts"}))
    return unknown;
  PlanFile plan;
  if (Error failed = mesh(object->get("mesh"), plan))
    return failed;
  const json::Value *layouts = object->get("layouts");
  if (!layouts)
    return plan;
  if (!layouts->getAsArray())
    return error("\"layouts\" is not a list");
  for (const auto &[index, each] : enumerate(*layouts->getAsArray())) {
    where = ("layouts[" + Twine(index) + "]").str();
    if (Error failed = entry(each, plan.layouts.emplace_back()))
      return failed;
  }
  return plan;
}

Expected<PlanFile> vescale::parsePlan(StringRef text, StringRef file) {
  Reader reader(file);
  if (text.size() > kMaxBytes)
    return reader.error("is larger than " + Twine(kMaxBytes >> 20) + " MiB");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return reader.error("is not JSON: " + toString(value.takeError()));
  return reader.plan(*value);
}

Expected<PlanFile> vescale::readPlan(StringRef file) {
  auto buffer = MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return createStringError(buffer.getError(),
                             file + ": " + buffer.getError().message());
  return parsePlan((*buffer)->getBuffer(), file);
}

Expected<PlanFile> vescale::parseMesh(StringRef text) {
  PlanFile plan;
  int64_t ranks = 1;
  SmallVector<StringRef> axes;
  text.split(axes, ',');
  for (StringRef axis : axes) {
    auto [name, number] = axis.split('=');
    int64_t size;
    if (name.empty() || number.getAsInteger(10, size) || size < 1 ||
        size > kMaxRanks / ranks)
      return createStringError(errc::invalid_argument,
                               "mesh '" + text + "': '" + axis +
                                   "' is not AXIS=SIZE, as in dp=2,tp=2");
    for (auto &other : plan.mesh)
      if (other.first == name)
        return createStringError(errc::invalid_argument, "mesh '" + text +
                                                             "' lists axis '" +
                                                             name + "' twice");
    ranks *= size;
    plan.mesh.emplace_back(name.str(), size);
  }
  return plan;
}

std::string vescale::printPlan(const PlanFile &plan) {
  std::string text;
  raw_string_ostream stream(text);
  // One entry a line, so that plans diff well.
  stream << "{\n\"schema\": ";
  stream << json::Value(kSchema);
  stream << ",\n\"mesh\": ";
  json::Array mesh;
  for (const auto &[name, size] : plan.mesh)
    mesh.push_back(json::Array{name, size});
  stream << json::Value(std::move(mesh)) << ",\n\"layouts\": [";
  StringRef separator = "\n";
  for (const PlanFile::Entry &entry : plan.layouts) {
    json::Array dims;
    for (const auto &axes : entry.dims)
      dims.push_back(json::Array(axes));
    stream << separator << "{\"match\": " << json::Value(entry.match)
           << ", \"dims\": " << json::Value(std::move(dims));
    if (!entry.partial.empty()) {
      json::Object partial;
      for (const auto &[axis, kind] : entry.partial)
        partial[axis] = kind;
      stream << ", \"partial\": " << json::Value(std::move(partial));
    }
    stream << '}';
    separator = ",\n";
  }
  stream << "\n]\n}\n";
  return text;
}
