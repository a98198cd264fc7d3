//===- ApplyPlan.cpp - Marks values with a plan file's layouts --*- C++ -*-===//
//
// Steps:
//   1. list what has a name: arguments, results, parameters, ops;
//   2. for each the last entry whose pattern matches pins its layout;
//   3. entries that matched nothing, and layouts that do not fit, are errors;
//   4. so is what the plan says of a training step and the step is not.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/FactorAxes.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/Passes.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/Location.h"
#include "vescale/Train/TrainFile.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/Path.h"

namespace vescale::dist {
#define GEN_PASS_DEF_APPLYPLANPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
struct ApplyPlan : vescale::dist::impl::ApplyPlanPassBase<ApplyPlan> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult compile();
  LogicalResult apply(func::FuncOp func);
  LogicalResult apply(Operation &op);
  LogicalResult checkTraining();
  /// The last entry that matches, of those with an offer or of the others, or
  /// -1; counts it as used.
  int match(ArrayRef<StringRef> names, bool offers = false);
  FailureOr<SeedAttr> seed(int entry, StringRef name, RankedTensorType type,
                           ArrayRef<int64_t> order, bool mayBePartial);
  InFlightDiagnostic error(int entry) {
    return emitError(UnknownLoc::get(&getContext()))
           << plan << ": layouts[" << entry << "] (\""
           << file.layouts[entry].match << "\")";
  }

  PlanFile file;
  MeshAttr mesh;
  FlatSymbolRefAttr meshRef;
  std::vector<llvm::GlobPattern> patterns;
  llvm::StringSet<> weights;
  SmallVector<bool> used;
};
} // namespace

LogicalResult ApplyPlan::compile() {
  for (auto [index, entry] : llvm::enumerate(file.layouts)) {
    llvm::Expected<llvm::GlobPattern> pattern =
        llvm::GlobPattern::create(entry.match);
    if (!pattern)
      return error(index) << " is no pattern: "
                          << llvm::toString(pattern.takeError());
    patterns.push_back(std::move(*pattern));
  }
  used.assign(file.layouts.size(), false);
  return success();
}

int ApplyPlan::match(ArrayRef<StringRef> names, bool offers) {
  int last = -1;
  for (auto [index, pattern] : llvm::enumerate(patterns))
    for (StringRef name : names)
      if (file.layouts[index].offer == offers && !name.empty() &&
          pattern.match(name)) {
        used[index] = true;
        last = index;
      }
  return last;
}

FailureOr<SeedAttr> ApplyPlan::seed(int index, StringRef name,
                                    RankedTensorType type,
                                    ArrayRef<int64_t> order,
                                    bool mayBePartial) {
  const PlanFile::Entry &entry = file.layouts[index];
  if (static_cast<int64_t>(entry.dims.size()) != type.getRank())
    return error(index) << " has " << entry.dims.size() << " dimensions, but '"
                        << name << "' has " << type.getRank();
  SmallVector<AxesAttr> dims;
  for (int64_t from : order) {
    llvm::Expected<AxesAttr> axes = toAxes(entry.dims[from], mesh);
    if (!axes)
      return error(index) << ": " << llvm::toString(axes.takeError());
    dims.push_back(*axes);
  }
  std::vector<std::string> partial;
  ReductionKind kind = ReductionKind::Sum;
  for (const auto &[axis, word] : entry.partial) {
    std::optional<ReductionKind> each = symbolizeReductionKind(word);
    if (!partial.empty() && each != kind)
      return error(index) << ": a value is partial in one way, not by "
                          << entry.partial.front().second << " and " << word;
    kind = *each;
    partial.push_back(axis);
  }
  llvm::Expected<AxesAttr> partialAxes = toAxes(partial, mesh);
  if (!partialAxes)
    return error(index) << ": " << llvm::toString(partialAxes.takeError());
  if (failed(LayoutAttr::verify([&] { return error(index) << ": "; }, meshRef,
                                dims, kind, *partialAxes)))
    return failure();
  auto layout =
      LayoutAttr::get(&getContext(), meshRef, dims, kind, *partialAxes);
  if (layout.isPartial() && !mayBePartial)
    return error(index) << " asks for '" << name
                        << "' to be partial; only the result of an op can be";
  return SeedAttr::get(
      &getContext(), layout, 0, true,
      (llvm::sys::path::filename(plan) + ", \"" + entry.match + "\"").str());
}

static SmallVector<int64_t> identity(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

LogicalResult ApplyPlan::apply(func::FuncOp func) {
  auto nameOf = [](Attribute attribute) {
    auto name = dyn_cast_or_null<StringAttr>(attribute);
    return name ? name.getValue() : StringRef();
  };
  for (BlockArgument argument : func.getArguments()) {
    StringRef name =
        nameOf(func.getArgAttr(argument.getArgNumber(), graph::kNameAttr));
    if (int entry = match(name); entry >= 0) {
      RankedTensorType type = graph::typeOf(argument);
      FailureOr<SeedAttr> pin =
          seed(entry, name, type, identity(type.getRank()),
               /*mayBePartial=*/false);
      if (failed(pin))
        return failure();
      func.setArgAttr(argument.getArgNumber(), kSeedAttr, *pin);
    }
  }
  for (auto [index, type] : llvm::enumerate(func.getResultTypes())) {
    StringRef name = nameOf(func.getResultAttr(index, graph::kNameAttr));
    if (int entry = match(name); entry >= 0) {
      auto tensor = cast<RankedTensorType>(type);
      FailureOr<SeedAttr> pin =
          seed(entry, name, tensor, identity(tensor.getRank()),
               /*mayBePartial=*/false);
      if (failed(pin))
        return failure();
      func.setResultAttr(index, kSeedAttr, *pin);
    }
  }
  for (Operation &op : func.front())
    if (op.getNumResults() > 0 && failed(apply(op)))
      return failure();
  return success();
}

LogicalResult ApplyPlan::apply(Operation &op) {
  // What is kept from one micro-batch to the next lies like what is added.
  if (op.hasAttr(graph::kTransientAttr))
    return success();
  auto parameter = dyn_cast<graph::ParameterOp>(op);
  SmallVector<std::string> nodes = nodeNames(op.getLoc());
  SmallVector<StringRef> names(nodes.begin(), nodes.end());
  if (parameter)
    names = {parameter.getName()};
  else // Views of a parameter carry its name, but it alone has it.
    llvm::erase_if(names,
                   [&](StringRef name) { return weights.contains(name); });
  if (names.empty())
    return success();
  RankedTensorType type = graph::typeOf(op.getResult(0));
  if (isa<graph::AttentionOp, graph::AttentionGradOp>(op))
    if (int entry = match(names, /*offers=*/true); entry >= 0) {
      FailureOr<SeedAttr> offer =
          seed(entry, names.front(), type, identity(type.getRank()), false);
      if (failed(offer))
        return failure();
      op.setAttr(kOfferAttr, offer->getLayout());
    }
  // A node's gradient is laid out by itself.
  int entry = graph::isGradient(&op) ? -1 : match(names);
  if (entry < 0)
    return success();
  FailureOr<SeedAttr> pin =
      seed(entry, names.front(), type,
           parameter ? graph::parameterOrder(parameter.getAuthorAttr(),
                                             parameter.getStoredType(),
                                             parameter.getStrides())
                     : identity(type.getRank()),
           /*mayBePartial=*/!parameter);
  if (failed(pin))
    return failure();
  op.setAttr(kSeedAttr, *pin);
  return success();
}

/// The passes that make the step have followed these fields already, if they
/// were told of the plan.
LogicalResult ApplyPlan::checkTraining() {
  ModuleOp module = getOperation();
  auto refuse = [&](StringRef field, const Twine &is) {
    return module.emitError() << plan << ": \"" << field
                              << "\" is about training steps, and " << is;
  };
  auto train = module->getAttrOfType<StringAttr>(graph::kTrainAttr);
  StringRef fields[] = {"micro_batches", "recompute"};
  if (!train) {
    if (file.microBatches || file.recompute)
      return refuse(fields[!file.microBatches], "the model is not trained");
    return success();
  }
  if (file.recompute) {
    auto done = module->getAttrOfType<StringAttr>(graph::kRecomputeAttr);
    StringRef text = done ? done.getValue() : "none";
    if (text != printRecompute(*file.recompute))
      return refuse("recompute", "this one was made with " + text);
  }
  if (file.microBatches) {
    llvm::Expected<TrainFile> step =
        parseTrainFile(train.getValue(), graph::kTrainAttr);
    if (!step)
      return module.emitError(llvm::toString(step.takeError()));
    if (step->microBatches != *file.microBatches)
      return refuse("micro_batches",
                    "this one was made with " + Twine(step->microBatches));
  }
  return success();
}

LogicalResult ApplyPlan::run() {
  Location unknown = UnknownLoc::get(&getContext());
  ModuleOp module = getOperation();
  llvm::Expected<PlanFile> read = readPlan(plan);
  if (failed(report(read.takeError(), &getContext())))
    return failure();
  file = std::move(*read);
  if (!module.getOps<MeshOp>().empty())
    return emitError(unknown, "the module has a mesh already");
  mesh = toMesh(file, &getContext());
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  MeshOp::create(builder, unknown, "mesh", mesh);
  meshRef = FlatSymbolRefAttr::get(&getContext(), "mesh");
  if (failed(compile()) || (!layoutsAlone && failed(checkTraining())))
    return failure();
  module.walk([&](graph::ParameterOp op) { weights.insert(op.getName()); });
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && failed(apply(func)))
      return failure();
  for (auto [index, hit] : llvm::enumerate(used))
    if (!hit)
      return error(index)
             << (file.layouts[index].offer
                     ? " matches no attention"
                     : " matches no parameter, input, output or op");
  return success();
}
