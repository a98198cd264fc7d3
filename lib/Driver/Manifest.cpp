//===- Manifest.cpp - A bundle's manifest from a rank program ---*- C++ -*-===//

#include "lib/Driver/Manifest.h"
#include "dialects/Graph/UnnamedWeights.h"
#include "dialects/Rank/Rank.h"
#include "lib/Driver/WeightFiles.h"
#include "runtime/core/DType.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/ElementType.h"
#include "vescale/Train/TrainFile.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
namespace json = llvm::json;

/// Tensors lie on cache lines, as in the arena.
static constexpr int64_t kAlignment = 64;
static constexpr llvm::StringLiteral kWeights = "weights/weights.bin";

StringRef vescale::dtypeName(Type type) {
  return runtime::dtypeName(abiType(type));
}

static json::Array array(ArrayRef<int64_t> values) {
  return json::Array(values);
}

static json::Value layoutOf(RankedTensorType type) {
  json::Array dims;
  if (dist::LayoutAttr layout = dist::getLayout(type))
    for (dist::AxesAttr axes : layout.getDims())
      dims.push_back(json::Array(axisNames(axes)));
  else
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      dims.push_back(json::Array());
  return json::Object{{"dims", std::move(dims)}};
}

static json::Value portOf(PortOp port) {
  auto type = cast<RankedTensorType>(port.getGlobal());
  auto buffer = baseOf(port.getBuffer()).getDefiningOp<BufferOp>();
  return json::Object{
      {"name", port.getName()},
      {"dtype", dtypeName(type.getElementType())},
      {"shape", array(type.getShape())},
      {"layout", layoutOf(type)},
      {"at", json::Object{{"space", stringifySpace(buffer.getSpace())},
                          {"offset", int64_t(*buffer.getOffset())}}}};
}

namespace {
/// Gathers the ranges of source files that parameters need, each once.
class Weights {
public:
  explicit Weights(const BundleOptions &options) : options(options) {}

  /// The file and offset at which the program finds the source's bytes.
  llvm::Expected<std::pair<std::string, int64_t>>
  add(StringRef name, graph::SourceAttr source, bool mapped) {
    if (options.weights == WeightsMode::Copy)
      return std::make_pair(kWeights.str(), addCopy(name, source));
    llvm::Expected<std::string> file = addReference(source.getFile());
    if (!file)
      return file.takeError();
    int64_t width =
        llvm::divideCeil(source.getType().getElementTypeBitWidth(), 8);
    if (mapped && source.getOffset() % width != 0)
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          *file + ": parameter '" + name + "' begins at byte " +
              llvm::Twine(source.getOffset()) +
              ", no multiple of its elements' " + llvm::Twine(width) +
              ": it can't be used there; compile with --weights=copy");
    return std::make_pair(*file, source.getOffset());
  }

  const BundleOptions &options;
  SmallVector<WeightRange> ranges;
  json::Array files;
  int64_t end = 0;

private:
  int64_t addCopy(StringRef name, graph::SourceAttr source) {
    auto key = std::make_tuple(source.getFile().str(), source.getOffset(),
                               source.getBytes());
    auto [it, inserted] = places.try_emplace(key, end);
    if (inserted) {
      ranges.push_back({name.str(), source.getFile().str(), source.getOffset(),
                        source.getBytes(), end});
      end = llvm::alignTo(end + source.getBytes(), kAlignment);
    }
    return it->second;
  }

  /// The absolute path of a file that stays where it is.
  llvm::Expected<std::string> addReference(StringRef name) {
    std::string &path = references[name];
    if (!path.empty())
      return path;
    SmallString<128> real;
    std::string at = sourcePath(options, name);
    if (std::error_code code = llvm::sys::fs::real_path(at, real))
      return llvm::createStringError(code, at + ": " + code.message());
    WeightFile file;
    std::string error;
    if (!identifyWeightFile(real.str().str(), file, error))
      return llvm::createStringError(llvm::errc::io_error, error);
    files.push_back(json::Object{{"path", real},
                                 {"bytes", file.bytes},
                                 {"modified_ns", file.modifiedNs},
                                 {"changed_ns", file.changedNs},
                                 {"xxh3_128", file.hash}});
    end += file.bytes;
    return path = real.str().str();
  }

  llvm::StringMap<std::string> references;
  std::map<std::tuple<std::string, int64_t, int64_t>, int64_t> places;
};
} // namespace

static json::Value viewOf(int64_t offset, ArrayRef<int64_t> strides) {
  return json::Object{{"offset", offset}, {"strides", array(strides)}};
}

/// How a checkpoint has the parameter.
static json::Value authorOf(rank::ParameterOp op) {
  graph::AuthorAttr author = op.getAuthorAttr();
  if (!author)
    return nullptr;
  RankedTensorType stored = op.getSource()->getType();
  std::optional<graph::StridedView> view = graph::authorView(
      author, stored, cast<RankedTensorType>(op.getGlobal()).getShape(),
      {static_cast<int64_t>(op.getViewOffset()),
       llvm::to_vector(op.getViewStrides())});
  json::Array tied;
  for (StringAttr name : author.getTied())
    tied.push_back(name.getValue());
  return json::Object{
      {"shape", array(graph::authorShape(author, stored))},
      {"tied", std::move(tied)},
      {"view", view ? viewOf(view->offset, view->strides) : nullptr}};
}

/// Where the first value comes from: a file, or one number.
static llvm::Error addOrigin(json::Object &entry, rank::ParameterOp op,
                             Weights &weights) {
  auto describe = [](json::Object object, RankedTensorType stored) {
    object["dtype"] = dtypeName(stored.getElementType());
    object["shape"] = array(stored.getShape());
    return object;
  };
  if (ElementsAttr init = op.getInitAttr()) {
    auto stored = cast<RankedTensorType>(init.getType());
    auto number = init.getSplatValue<Attribute>();
    if (auto value = dyn_cast<FloatAttr>(number))
      entry["init"] = value.getValueAsDouble();
    else
      entry["init"] = cast<IntegerAttr>(number).getInt();
    entry["stored"] = describe(json::Object(), stored);
    return llvm::Error::success();
  }
  graph::SourceAttr source = *op.getSource();
  llvm::Expected<std::pair<std::string, int64_t>> place =
      weights.add(op.getName(), source, op.getMapped());
  if (!place)
    return place.takeError();
  entry["source"] = describe(json::Object{{"file", place->first},
                                          {"offset", place->second},
                                          {"bytes", source.getBytes()}},
                             source.getType());
  return llvm::Error::success();
}

static llvm::Expected<json::Value> parameterOf(rank::ParameterOp op,
                                               Weights &weights) {
  auto global = cast<RankedTensorType>(op.getGlobal());
  json::Value packed = nullptr;
  if (std::optional<ArrayRef<int64_t>> k = op.getPacked())
    packed = json::Object{
        {"k", (*k)[0]}, {"n", (*k)[1]}, {"transposed", (*k)[2] != 0}};
  json::Object at{{"space", op.getMapped() ? "param" : "arena"}};
  if (!op.getMapped())
    at["offset"] = int64_t(*op.getOffset());
  json::Object entry{{"name", op.getName()},
                     {"dtype", dtypeName(global.getElementType())},
                     {"shape", array(global.getShape())},
                     {"view", viewOf(op.getViewOffset(), op.getViewStrides())},
                     {"author", authorOf(op)},
                     {"layout", layoutOf(global)},
                     {"at", std::move(at)},
                     {"packed", std::move(packed)}};
  if (op.getUpdated() && !op.getInit())
    entry["trained"] = true;
  if (op.getTransient())
    entry["transient"] = true;
  if (llvm::Error error = addOrigin(entry, op, weights))
    return error;
  return entry;
}

static json::Array entriesOf(ProgramOp program) {
  json::Array entries;
  for (auto entry : program.getOps<EntryOp>())
    entries.push_back(json::Object{{"name", entry.getName()},
                                   {"flops", int64_t(entry.getFlops())}});
  return entries;
}

/// What may hold weights, but under no name that a checkpoint has.
static json::Array unnamedOf(ModuleOp module, ProgramOp program) {
  json::Array names;
  if (auto listed = graph::unnamedWeights(module))
    return json::Array(*listed);
  for (auto parameter : program.getOps<rank::ParameterOp>())
    if (!parameter.getAuthor() && !parameter.getInit())
      names.push_back(parameter.getName());
  return names;
}

/// Names in a plan are patterns.
static std::string asPattern(StringRef name) {
  std::string pattern;
  for (char c : name) {
    if (StringRef("*?[]{}\\").contains(c))
      pattern += '\\';
    pattern += c;
  }
  return pattern;
}

namespace {
/// The plan that the program follows.
class PlanBuilder {
public:
  explicit PlanBuilder(dist::MeshAttr mesh) {
    for (dist::MeshAxisAttr axis : mesh.getAxes())
      plan.mesh.emplace_back(axis.getName().str(), axis.getSize());
  }

  /// `order` says which dimension of the entry each of the tensor's is.
  void add(StringRef name, dist::LayoutAttr layout, ArrayRef<int64_t> order,
           bool offer = false) {
    if (!layout || name.empty() ||
        !seen.insert((offer ? "offer " : "") + name.str()).second)
      return;
    PlanFile::Entry &entry = plan.layouts.emplace_back();
    entry.match = asPattern(name);
    entry.dims.resize(order.size());
    for (auto [dim, axes] : llvm::enumerate(layout.getDims()))
      entry.dims[order[dim]] = axisNames(axes);
    for (const std::string &axis : axisNames(layout.getPartial()))
      entry.partial.emplace_back(
          axis, stringifyReductionKind(layout.getPartialKind()));
    entry.offer = offer;
  }

  /// What the module says of a training step.
  llvm::Error addTraining(ModuleOp module);

  PlanFile plan;

private:
  llvm::StringSet<> seen;
};
} // namespace

llvm::Error PlanBuilder::addTraining(ModuleOp module) {
  auto train = module->getAttrOfType<StringAttr>(graph::kTrainAttr);
  if (!train)
    return llvm::Error::success();
  llvm::Expected<TrainFile> file =
      parseTrainFile(train.getValue(), graph::kTrainAttr);
  if (!file)
    return file.takeError();
  plan.microBatches = file->microBatches;
  if (auto text = module->getAttrOfType<StringAttr>(graph::kRecomputeAttr)) {
    llvm::Expected<RecomputePlan> recompute = parseRecompute(text.getValue());
    if (!recompute)
      return recompute.takeError();
    plan.recompute = *recompute;
  }
  if (auto zero = module->getAttrOfType<ArrayAttr>(dist::kZeroAttr)) {
    StoragePlan &storage = plan.storage.emplace();
    storage.zero = cast<IntegerAttr>(zero[0]).getInt();
    if (storage.zero > 0)
      storage.axes = axisNames(cast<dist::AxesAttr>(zero[1]));
  }
  return llvm::Error::success();
}

llvm::Expected<Manifest> vescale::makeManifest(ModuleOp module,
                                               const BundleOptions &options) {
  auto programs = module.getOps<ProgramOp>();
  if (!llvm::hasSingleElement(programs))
    return llvm::createStringError(llvm::errc::invalid_argument,
                                   "the module has no program, or several");
  ProgramOp program = *programs.begin();
  Manifest manifest;
  Weights weights(options);
  PlanBuilder plan(program.getMesh());
  json::Array mesh, inputs, outputs, parameters, ranks;
  for (dist::MeshAxisAttr axis : program.getMesh().getAxes())
    mesh.push_back(json::Array{axis.getName(), axis.getSize()});
  BundleInfo &info = manifest.info;
  info.ranks = program.getMesh().getNumRanks();
  for (int64_t rank = 0; rank < info.ranks; ++rank)
    ranks.push_back(rank);
  info.arenaBytes = program.getArenaBytes().value_or(0);
  info.commBytes = program.getCommBytes().value_or(0);
  for (Operation &op : *program.getBody().begin()) {
    if (auto port = dyn_cast<PortOp>(op)) {
      auto type = cast<RankedTensorType>(port.getGlobal());
      plan.add(port.getName(), dist::getLayout(type),
               llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
      (port.getKind() == PortKind::Input ? inputs : outputs)
          .push_back(portOf(port));
      continue;
    }
    auto parameter = dyn_cast<rank::ParameterOp>(op);
    if (!parameter)
      continue;
    if (!parameter.getSource() && !parameter.getInit())
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          "parameter '" + parameter.getName() +
              "' has no data; give its checkpoint with --checkpoint, or export "
              "the model with its weights");
    auto global = cast<RankedTensorType>(parameter.getGlobal());
    // What is kept between micro-batches lies like what is added to it.
    if (!parameter.getTransient())
      plan.add(parameter.getName(), dist::getLayout(global),
               graph::parameterOrder(parameter.getAuthorAttr(),
                                     parameter.getStoredType(),
                                     parameter.getViewStrides()));
    llvm::Expected<json::Value> value = parameterOf(parameter, weights);
    if (!value)
      return value.takeError();
    parameters.push_back(std::move(*value));
  }
  if (auto recorded = module->getAttrOfType<ArrayAttr>(dist::kRecordedAttr))
    for (Attribute entry : recorded) {
      auto pair = cast<ArrayAttr>(entry);
      auto layout = cast<dist::LayoutAttr>(pair[1]);
      plan.add(cast<StringAttr>(pair[0]), layout,
               llvm::to_vector(llvm::seq<int64_t>(0, layout.getRank())),
               /*offer=*/pair.size() > 2);
    }
  if (llvm::Error error = plan.addTraining(module))
    return error;
  info.weightBytes = weights.end;
  manifest.weights = weights.ranges;
  manifest.plan = printPlan(plan.plan);
  json::Object value{
      {"schema", "vescale.manifest/1"},
      {"model", llvm::sys::path::stem(options.model)},
      {"target",
       json::Object{{"kind", options.targetKind}, {"isa", options.targetIsa}}},
      {"mesh", std::move(mesh)},
      {"programs", json::Array{json::Object{{"file", "programs/0"},
                                            {"ranks", std::move(ranks)},
                                            {"hash", options.hash},
                                            {"arena_bytes", info.arenaBytes},
                                            {"comm_bytes", info.commBytes},
                                            {"entries", entriesOf(program)}}}},
      {"inputs", std::move(inputs)},
      {"outputs", std::move(outputs)},
      {"parameters", std::move(parameters)},
      {"files", std::move(weights.files)},
      {"unnamed", unnamedOf(module, program)}};
  if (auto train = module->getAttrOfType<StringAttr>(graph::kTrainAttr))
    value["train"] = llvm::cantFail(json::parse(train.getValue()));
  llvm::raw_string_ostream stream(manifest.text);
  stream << llvm::formatv("{0:2}\n", json::Value(std::move(value)));
  return manifest;
}
