//===- PlanWriter.cpp - Choices as a plan file ------------------*- C++ -*-===//
//
// A plan's entry speaks of all ops with a name: a name is written if they have
// one layout. Propagation carries these to what has no name.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Model/PlanWriter.h"
#include "dialects/Graph/Graph.h"
#include "vescale/Support/Location.h"
#include "llvm/ADT/MapVector.h"
#include <map>

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

namespace {
class Writer {
public:
  Writer(const Program &program, const Chain &chain, const ChainPlan &plan,
         ArrayRef<unsigned> ends, const StageMesh &mesh, Candidate &candidate)
      : program(program), chain(chain), plan(plan), ends(ends), mesh(mesh),
        candidate(candidate) {}

  void run() {
    size_t unit = 0;
    for (const Segment &segment : program.segments())
      for (unsigned copy = 0; copy < segment.copies; ++copy, ++unit) {
        if (unit == ends[stage])
          ++stage;
        addUnit(segment, copy, plan.units[unit]);
      }
    writeRecompute();
    writeInputs();
    for (auto &[name, layout] : parameters)
      write(name, layout);
    for (auto &[name, layout] : ops)
      if (layout && uses(layout))
        write(name, layout);
  }

private:
  static std::string globOf(StringRef name) {
    std::string glob;
    for (char c : name) {
      if (StringRef("*?[]{}\\!").contains(c))
        glob += '\\';
      glob += c;
    }
    return glob;
  }

  /// Micro-batches are none of the mesh's axes.
  std::vector<std::string> namesOf(AxesAttr axes) const {
    std::vector<std::string> names = axisNames(axes);
    llvm::erase_if(names, [](const std::string &name) {
      return StringRef(name).starts_with(kMicroAxis);
    });
    return names;
  }

  bool uses(LayoutAttr layout) const {
    return mesh.model && layout.uses(mesh.model);
  }

  void write(StringRef name, LayoutAttr layout) {
    PlanFile::Entry entry;
    entry.match = globOf(name);
    for (AxesAttr axes : layout.getDims())
      entry.dims.push_back(namesOf(axes));
    for (const std::string &axis : namesOf(layout.getPartial()))
      entry.partial.push_back({axis, "sum"});
    candidate.plan.layouts.push_back(std::move(entry));
  }

  void writeInputs() {
    func::FuncOp func = program.function();
    for (BlockArgument argument : func.getArguments()) {
      auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                    graph::kNameAttr);
      if (name && program.samples().lookup(argument) && mesh.dp > 1)
        write(name, formsOf(argument, mesh, program.samples()).front());
    }
  }

  void note(Operation *op, LayoutAttr layout) {
    for (const std::string &name : nodeNames(op->getLoc())) {
      auto [place, isNew] = ops.insert({name, layout});
      if (!isNew && place->second != layout)
        place->second = {};
    }
  }

  void noteParameter(Value value, LayoutAttr layout) {
    // As the author has its dimensions. A training step holds it whole, and
    // cuts out what the model reads.
    graph::ParameterOp op = parameterOf(value);
    if (candidate.plan.storage &&
        op.getStoredType().getRank() != layout.getRank())
      return;
    SmallVector<int64_t> order = graph::parameterOrder(
        op.getAuthorAttr(), op.getStoredType(), op.getStrides());
    SmallVector<AxesAttr> dims(layout.getRank());
    for (auto [dim, from] : llvm::enumerate(parameterDims(value)))
      dims[order[from]] = layout.getDims()[dim];
    parameters.insert({op.getName(), layout.withoutPartial().withDims(dims)});
  }

  /// The layer that most of a unit's ops belong to; empty if they have none.
  std::string layerOf(const Segment &segment, unsigned copy) const {
    std::map<std::string, unsigned> counts;
    for (unsigned number = segment.begin; number < segment.end; ++number)
      ++counts[planner::layerOf(
          program.ops()[number + copy * segment.length()])];
    counts.erase("");
    std::string best;
    for (const auto &[layer, count] : counts)
      if (best.empty() || count > counts[best])
        best = layer;
    return best;
  }

  void addLayer(const Segment &segment, unsigned copy, const UnitChoice &unit) {
    std::string name = layerOf(segment, copy);
    if (segment.copies > 1) {
      ++layers;
      counts[static_cast<unsigned>(unit.plan->recompute)]++;
      if (unit.plan->recompute == Recompute::Full)
        recomputed.push_back(globOf(name));
    }
    std::vector<PlannedLayer> &list = candidate.layers;
    if (!last || last->link != unit.link ||
        last->plan->choices != unit.plan->choices ||
        last->plan->recompute != unit.plan->recompute ||
        list.back().stage != stage) {
      static constexpr const char *words[] = {"none", "selective", "full"};
      PlannedLayer layer;
      layer.name = name;
      layer.isLayer = segment.copies > 1;
      layer.stage = stage;
      layer.recompute = words[static_cast<unsigned>(unit.plan->recompute)];
      layer.time = unit.time;
      layer.memory = unit.bytes;
      layer.sent = unit.sent;
      addTensors(segment, copy, unit, layer);
      list.push_back(std::move(layer));
    }
    ++list.back().copies;
    last = &unit;
  }

  void addTensors(const Segment &segment, unsigned copy, const UnitChoice &unit,
                  PlannedLayer &layer) const {
    for (auto [node, choice] :
         llvm::zip_equal(chain.link(unit.link).nodes, unit.plan->choices)) {
      if (!node.op)
        continue;
      Operation *op = program.inCopy(segment, node.op, copy);
      for (OpOperand &operand : op->getOpOperands()) {
        graph::ParameterOp parameter = parameterOf(operand.get());
        if (!parameter)
          continue;
        ArrayRef<int64_t> shape = graph::shapeOf(operand.get());
        // By its name in the layer, where others have the same.
        StringRef name = parameter.getName();
        if (!layer.name.empty() && name.consume_front(layer.name))
          name.consume_front(".");
        PlannedLayer::Tensor tensor{
            name.str(), {shape.begin(), shape.end()}, {}};
        for (AxesAttr axes : node.strategies[choice]
                                 .operands[operand.getOperandNumber()]
                                 .getDims())
          tensor.dims.push_back(namesOf(axes));
        layer.tensors.push_back(std::move(tensor));
      }
    }
  }

  void writeRecompute() {
    if (!candidate.plan.microBatches) // no training step
      return;
    RecomputePlan plan;
    if (counts[static_cast<unsigned>(Recompute::Selective)])
      plan.kind = RecomputePlan::Selective;
    else if (recomputed.size() == layers && layers > 0)
      plan.kind = RecomputePlan::Full;
    else if (!recomputed.empty())
      plan = {RecomputePlan::Listed, recomputed};
    candidate.plan.recompute = plan;
  }

  void addUnit(const Segment &segment, unsigned copy, const UnitChoice &unit) {
    const SegmentGraph &graph = chain.link(unit.link);
    addLayer(segment, copy, unit);
    for (auto [number, node] : llvm::enumerate(graph.nodes)) {
      if (!node.value || static_cast<int>(number) == graph.in)
        continue;
      LayoutAttr layout = node.layouts[unit.plan->choices[number]];
      if (parameterOf(node.value))
        noteParameter(node.value, layout);
      else if (auto result = cast<OpResult>(node.value);
               result.getResultNumber() == 0)
        forms[program.inCopy(segment, result.getOwner(), copy)] = layout;
    }
    for (auto [node, choice] :
         llvm::zip_equal(graph.nodes, unit.plan->choices)) {
      if (!node.op)
        continue;
      Operation *op = program.inCopy(segment, node.op, copy);
      const Strategy &strategy = node.strategies[choice];
      for (OpOperand &operand : op->getOpOperands())
        if (parameterOf(operand.get()))
          noteParameter(operand.get(),
                        strategy.operands[operand.getOperandNumber()]);
      auto form = forms.find(op);
      note(op, form != forms.end() ? form->second : strategy.results.front());
    }
  }

  const Program &program;
  const Chain &chain;
  const ChainPlan &plan;
  ArrayRef<unsigned> ends; // of stages
  const StageMesh &mesh;
  Candidate &candidate;
  llvm::MapVector<StringRef, LayoutAttr> parameters;
  llvm::MapVector<std::string, LayoutAttr, llvm::StringMap<unsigned>> ops;
  DenseMap<Operation *, LayoutAttr> forms;
  size_t layers = 0, stage = 0;
  std::array<unsigned, 3> counts{}; // of layers by Recompute
  std::vector<std::string> recomputed;
  const UnitChoice *last = nullptr;
};
} // namespace

void vescale::planner::writePlan(const Program &program, const Chain &chain,
                                 const ChainPlan &plan, ArrayRef<unsigned> ends,
                                 const StageMesh &mesh, Candidate &candidate) {
  Writer(program, chain, plan, ends, mesh, candidate).run();
}
