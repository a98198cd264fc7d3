//===- PlanFile.cpp - Plans as people write and read them -------*- C++ -*-===//

#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/Fields.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"
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
  Expected<PlanFile> plan(const json::Object &object);

private:
  Error mesh(const json::Value *value, PlanFile &plan);
  Error entry(const json::Value &value, PlanFile::Entry &entry);
  Error layouts(const json::Value &value, PlanFile &plan);
  Error storage(const json::Value &value, StoragePlan &storage);
  Error recompute(const json::Value &value, RecomputePlan &recompute);
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
  if (Error unknown =
          rejectUnknown(*object, {"match", "dims", "partial", "offer"}))
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
  if (const json::Value *offer = object->get("offer")) {
    std::optional<bool> flag = offer->getAsBoolean();
    if (!flag || (*flag && !entry.partial.empty()))
      return error("\"offer\" is true or false, and goes without \"partial\"");
    entry.offer = *flag;
  }
  return Error::success();
}

Error Reader::layouts(const json::Value &value, PlanFile &plan) {
  if (!value.getAsArray())
    return error("\"layouts\" is not a list");
  for (const auto &[index, each] : enumerate(*value.getAsArray())) {
    where = ("layouts[" + Twine(index) + "]").str();
    if (Error failed = entry(each, plan.layouts.emplace_back()))
      return failed;
  }
  where.clear();
  return Error::success();
}

Error Reader::storage(const json::Value &value, StoragePlan &storage) {
  where = "storage";
  const json::Object *object = value.getAsObject();
  if (!object)
    return error("is not an object");
  if (Error unknown = rejectUnknown(*object, {"zero", "axes"}))
    return unknown;
  std::optional<int64_t> zero = object->getInteger("zero");
  if (!zero || *zero < 0 || *zero > 3)
    return error("needs \"zero\": 0 to 3");
  storage.zero = *zero;
  if (const json::Value *axes = object->get("axes")) {
    storage.axes.clear();
    if (const json::Array *list = axes->getAsArray())
      for (const json::Value &axis : *list)
        if (std::optional<StringRef> name = axis.getAsString())
          storage.axes.push_back(name->str());
    if (storage.axes.empty() ||
        storage.axes.size() != axes->getAsArray()->size())
      return error("\"axes\" is a list of axes, as [\"dp\"]");
  }
  where.clear();
  return Error::success();
}

static constexpr StringRef kRecomputeWords[] = {"none", "selective", "full"};

Error Reader::recompute(const json::Value &value, RecomputePlan &recompute) {
  where = "recompute";
  if (std::optional<StringRef> word = value.getAsString()) {
    const auto *found = find(kRecomputeWords, *word);
    if (found == std::end(kRecomputeWords))
      return error("can be none, selective, full, or a list of modules and "
                   "nodes, not \"" +
                   *word + "\"");
    recompute.kind =
        static_cast<RecomputePlan::Kind>(found - std::begin(kRecomputeWords));
  } else {
    const json::Array *names = value.getAsArray();
    for (const json::Value &each : names ? *names : json::Array()) {
      std::optional<StringRef> name = each.getAsString();
      // The flag separates them by commas.
      if (!name || name->empty() || name->contains(','))
        return error("has an entry that is no name of a module or node");
      recompute.names.push_back(name->str());
    }
    if (recompute.names.empty())
      return error("is neither a word nor a list of modules and nodes");
    recompute.kind = RecomputePlan::Listed;
  }
  where.clear();
  return Error::success();
}

Expected<PlanFile> Reader::plan(const json::Object &object) {
  std::optional<StringRef> schema = object.getString("schema");
  if (!schema || *schema != kSchema)
    return error("needs \"schema\": \"" + kSchema + "\", but has " +
                 (schema ? "\"" + *schema + "\"" : Twine("none")));
  if (Error unknown =
          rejectUnknown(object, {"schema", "mesh", "layouts", "storage",
                                 "recompute", "micro_batches"}))
    return unknown;
  PlanFile plan;
  if (Error failed = mesh(object.get("mesh"), plan))
    return failed;
  if (const json::Value *value = object.get("layouts"))
    if (Error failed = layouts(*value, plan))
      return failed;
  if (const json::Value *value = object.get("storage"))
    if (Error failed = storage(*value, plan.storage.emplace()))
      return failed;
  if (const json::Value *value = object.get("recompute"))
    if (Error failed = recompute(*value, plan.recompute.emplace()))
      return failed;
  if (const json::Value *value = object.get("micro_batches")) {
    plan.microBatches = value->getAsInteger();
    if (!plan.microBatches || *plan.microBatches < 1)
      return error("\"micro_batches\" is a whole number of at least 1");
  }
  return plan;
}

Expected<PlanFile> vescale::parsePlan(StringRef text, StringRef file) {
  Reader reader(file);
  Expected<json::Object> object = parseJsonObject(text, kMaxBytes);
  if (!object)
    return reader.error(toString(object.takeError()));
  return reader.plan(*object);
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

Expected<RecomputePlan> vescale::parseRecompute(StringRef text) {
  RecomputePlan plan;
  for (auto [kind, word] : enumerate(kRecomputeWords))
    if (text == word) {
      plan.kind = static_cast<RecomputePlan::Kind>(kind);
      return plan;
    }
  plan.kind = RecomputePlan::Listed;
  for (StringRef name : split(text, ','))
    plan.names.push_back(name.str());
  if (is_contained(plan.names, ""))
    return createStringError(errc::invalid_argument,
                             "recompute '" + text +
                                 "' is none, selective, full, or names of "
                                 "modules and nodes as in h.0.mlp,h.1.*");
  return plan;
}

std::string vescale::printRecompute(const RecomputePlan &plan) {
  return plan.kind == RecomputePlan::Listed ? join(plan.names, ",")
                                            : kRecomputeWords[plan.kind].str();
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
    if (entry.offer)
      stream << ", \"offer\": true";
    stream << '}';
    separator = ",\n";
  }
  stream << "\n]";
  if (plan.storage)
    stream << ",\n\"storage\": {\"zero\": " << plan.storage->zero
           << ", \"axes\": " << json::Value(json::Array(plan.storage->axes))
           << '}';
  if (plan.recompute) {
    const RecomputePlan &recompute = *plan.recompute;
    stream << ",\n\"recompute\": "
           << (recompute.kind == RecomputePlan::Listed
                   ? json::Value(json::Array(recompute.names))
                   : json::Value(printRecompute(recompute)));
  }
  if (plan.microBatches)
    stream << ",\n\"micro_batches\": " << *plan.microBatches;
  stream << "\n}\n";
  return text;
}
