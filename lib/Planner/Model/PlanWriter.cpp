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

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

namespace {
class Writer {
public:
  Writer(const Program &program, const Chain &chain, const ChainPlan &plan,
         const StageMesh &mesh, Candidate &candidate)
      : program(program), chain(chain), plan(plan), mesh(mesh),
        candidate(candidate) {}

  void run() {
    size_t unit = 0;
    for (const Segment &segment : program.segments())
      for (unsigned copy = 0; copy < segment.copies; ++copy)
        addUnit(segment, copy, plan.units[unit++]);
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
    // As the author has its dimensions.
    graph::ParameterOp op = parameterOf(value);
    SmallVector<int64_t> order =
        graph::parameterOrder(op.getAuthorAttr(), op.getStoredType(),
                              op.getStrides());
    SmallVector<AxesAttr> dims(layout.getRank());
    for (auto [dim, from] : llvm::enumerate(parameterDims(value)))
      dims[order[from]] = layout.getDims()[dim];
    parameters.insert({op.getName(), layout.withoutPartial().withDims(dims)});
  }

  void addUnit(const Segment &segment, unsigned copy, const UnitChoice &unit) {
    const SegmentGraph &graph = chain.link(unit.link);
    for (auto [number, node] : llvm::enumerate(graph.nodes)) {
      if (!node.value || static_cast<int>(number) == graph.in)
        continue;
      LayoutAttr layout = node.layouts[unit.choices[number]];
      if (parameterOf(node.value))
        noteParameter(node.value, layout);
      else if (auto result = cast<OpResult>(node.value);
               result.getResultNumber() == 0)
        forms[program.inCopy(segment, result.getOwner(), copy)] = layout;
    }
    for (auto [node, choice] : llvm::zip_equal(graph.nodes, unit.choices)) {
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
  const StageMesh &mesh;
  Candidate &candidate;
  llvm::MapVector<StringRef, LayoutAttr> parameters;
  llvm::MapVector<std::string, LayoutAttr, llvm::StringMap<unsigned>> ops;
  DenseMap<Operation *, LayoutAttr> forms;
};
} // namespace

void vescale::planner::writePlan(const Program &program, const Chain &chain,
                                 const ChainPlan &plan, const StageMesh &mesh,
                                 Candidate &candidate) {
  Writer(program, chain, plan, mesh, candidate).run();
}
