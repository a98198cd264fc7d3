//===- Manifest.cpp - A bundle's manifest from a rank program ---*- C++ -*-===//

#include "lib/Driver/Manifest.h"
#include "dialects/Rank/Rank.h"
#include "runtime/core/DType.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/ElementType.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Errc.h"
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

static StringRef dtypeName(Type type) {
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
  /// The place of the source's bytes in the bundle's weights.
  int64_t add(StringRef name, graph::SourceAttr source) {
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

  SmallVector<WeightRange> ranges;
  int64_t end = 0;

private:
  std::map<std::tuple<std::string, int64_t, int64_t>, int64_t> places;
};
} // namespace

static json::Value parameterOf(rank::ParameterOp op, Weights &weights) {
  graph::SourceAttr source = *op.getSource();
  auto global = cast<RankedTensorType>(op.getGlobal());
  RankedTensorType stored = source.getType();
  json::Value packed = nullptr;
  if (std::optional<ArrayRef<int64_t>> k = op.getPacked())
    packed = json::Object{
        {"k", (*k)[0]}, {"n", (*k)[1]}, {"transposed", (*k)[2] != 0}};
  json::Object at{{"space", op.getMapped() ? "param" : "arena"}};
  if (!op.getMapped())
    at["offset"] = int64_t(*op.getOffset());
  return json::Object{
      {"name", op.getName()},
      {"dtype", dtypeName(global.getElementType())},
      {"shape", array(global.getShape())},
      {"source", json::Object{{"file", kWeights},
                              {"offset", weights.add(op.getName(), source)},
                              {"bytes", source.getBytes()},
                              {"dtype", dtypeName(stored.getElementType())},
                              {"shape", array(stored.getShape())}}},
      {"view", json::Object{{"offset", int64_t(op.getViewOffset())},
                            {"strides", array(op.getViewStrides())}}},
      {"layout", layoutOf(global)},
      {"at", std::move(at)},
      {"packed", std::move(packed)}};
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
  void add(StringRef name, dist::LayoutAttr layout, ArrayRef<int64_t> order) {
    if (!layout || name.empty() || !seen.insert(name).second)
      return;
    PlanFile::Entry &entry = plan.layouts.emplace_back();
    entry.match = asPattern(name);
    entry.dims.resize(order.size());
    for (auto [dim, axes] : llvm::enumerate(layout.getDims()))
      entry.dims[order[dim]] = axisNames(axes);
    for (const std::string &axis : axisNames(layout.getPartial()))
      entry.partial.emplace_back(
          axis, stringifyReductionKind(layout.getPartialKind()));
  }

  PlanFile plan;

private:
  llvm::StringSet<> seen;
};
} // namespace

llvm::Expected<Manifest> vescale::makeManifest(ModuleOp module,
                                               const BundleOptions &options) {
  auto programs = module.getOps<ProgramOp>();
  if (!llvm::hasSingleElement(programs))
    return llvm::createStringError(llvm::errc::invalid_argument,
                                   "the module has no program, or several");
  ProgramOp program = *programs.begin();
  Manifest manifest;
  Weights weights;
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
    if (!parameter.getSource())
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          "parameter '" + parameter.getName() +
              "' has no data; export the model with its weights");
    auto global = cast<RankedTensorType>(parameter.getGlobal());
    plan.add(parameter.getName(), dist::getLayout(global),
             graph::storedOrder(parameter.getSource()->getType(),
                                parameter.getViewStrides()));
    parameters.push_back(parameterOf(parameter, weights));
  }
  if (auto recorded = module->getAttrOfType<ArrayAttr>(dist::kRecordedAttr))
    for (Attribute entry : recorded) {
      auto pair = cast<ArrayAttr>(entry);
      auto layout = cast<dist::LayoutAttr>(pair[1]);
      plan.add(cast<StringAttr>(pair[0]), layout,
               llvm::to_vector(llvm::seq<int64_t>(0, layout.getRank())));
    }
  info.weightBytes = weights.end;
  manifest.weights = weights.ranges;
  manifest.plan = printPlan(plan.plan);
  json::Value value = json::Object{
      {"schema", "vescale.manifest/1"},
      {"model", llvm::sys::path::stem(options.model)},
      {"target",
       json::Object{{"kind", options.targetKind}, {"isa", options.targetIsa}}},
      {"mesh", std::move(mesh)},
      {"programs", json::Array{json::Object{{"file", "programs/0"},
                                            {"ranks", std::move(ranks)},
                                            {"hash", options.hash},
                                            {"arena_bytes", info.arenaBytes},
                                            {"comm_bytes", info.commBytes}}}},
      {"inputs", std::move(inputs)},
      {"outputs", std::move(outputs)},
      {"parameters", std::move(parameters)}};
  llvm::raw_string_ostream stream(manifest.text);
  stream << llvm::formatv("{0:2}\n", value);
  return manifest;
}
