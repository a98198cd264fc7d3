//===- Program.cpp - A model as the planner sees it -------------*- C++ -*-===//
//
// Finding runs:
//   1. Each op gets a signature: what it is, its types, and how far before it
//      its operands are made; parameters count by their types alone.
//   2. Distances between equal signatures that come often may be a run's
//      period. For each, the longest stretch whose ops equal those one period
//      behind them is a run.
//   3. The run that covers the most is taken, cut where one value crosses, and
//      what lies before and behind it is searched again.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Model/Program.h"
#include "lib/Planner/Model/Pins.h"
#include "vescale/Support/Location.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;

static bool isView(Operation *op) {
  return isa<graph::TransposeOp, graph::CastOp>(op);
}

graph::ParameterOp vescale::planner::parameterOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto parameter = dyn_cast<graph::ParameterOp>(op))
      return parameter;
    if (!isView(op) || !op->getOperand(0).hasOneUse())
      break;
    value = op->getOperand(0);
  }
  return {};
}

SmallVector<int64_t> vescale::planner::parameterDims(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa<graph::ParameterOp>(op))
    return llvm::to_vector(llvm::seq<int64_t>(0, graph::rankOf(value)));
  SmallVector<int64_t> dims = parameterDims(op->getOperand(0));
  auto transpose = dyn_cast<graph::TransposeOp>(op);
  if (!transpose)
    return dims;
  return llvm::map_to_vector(transpose.getPermutation(),
                             [&](int64_t dim) { return dims[dim]; });
}

std::string vescale::planner::layerOf(Operation *op) {
  SmallVector<std::string> modules = moduleNames(op->getLoc());
  if (modules.empty())
    return "";
  SmallVector<StringRef> parts;
  StringRef(modules.front()).split(parts, '.');
  std::string layer;
  for (StringRef part : parts) {
    layer += layer.empty() ? part.str() : "." + part.str();
    if (part.find_first_not_of("0123456789") == StringRef::npos)
      break;
  }
  return layer;
}

bool vescale::planner::isLeaf(Operation *op) {
  return op->getNumOperands() == 0 ||
         (isView(op) && parameterOf(op->getResult(0)));
}

Program::Program(func::FuncOp func) : func(func), sampleDims(func) {
  sampleDims.visitAll();
  for (Operation &op : func.front().without_terminator())
    if (!isLeaf(&op)) {
      numbers[&op] = all.size();
      all.push_back(&op);
    }
  findSegments();
}

std::optional<unsigned> Program::numberOf(Operation *op) const {
  auto found = numbers.find(op);
  if (!op || found == numbers.end())
    return std::nullopt;
  return found->second;
}

Operation *Program::inCopy(const Segment &segment, Operation *op,
                           unsigned copy) const {
  return all[numbers.lookup(op) + copy * segment.length()];
}

namespace {
class RunFinder {
public:
  RunFinder(const Program &program) : program(program), ops(program.ops()) {
    for (Operation *op : ops)
      signatures.push_back(signatureOf(op));
    findLastUses();
  }

  std::vector<Segment> run() {
    search(0, ops.size());
    return std::move(found);
  }

private:
  llvm::hash_code signatureOf(Operation *op) const {
    llvm::hash_code hash = llvm::hash_value(op->getName().getAsOpaquePointer());
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (attribute.getName() != dist::kSeedAttr)
        hash =
            llvm::hash_combine(hash, attribute.getName().getAsOpaquePointer(),
                               attribute.getValue().getAsOpaquePointer());
    // What was decided, whoever did so.
    auto addPin = [&](Value value) {
      if (dist::SeedAttr pin = pinOf(value))
        hash = llvm::hash_combine(hash, pin.getLayout().getAsOpaquePointer());
    };
    addPin(op->getResult(0));
    for (Value operand : op->getOperands())
      if (parameterOf(operand))
        addPin(operand);
    if (Attribute properties = op->getPropertiesAsAttribute())
      hash = llvm::hash_combine(hash, properties.getAsOpaquePointer());
    for (Type type : op->getResultTypes())
      hash = llvm::hash_combine(hash, type.getAsOpaquePointer());
    for (Value operand : op->getOperands())
      hash = llvm::hash_combine(hash, operand.getType().getAsOpaquePointer());
    return hash;
  }

  /// Whether the two ops' operands are made equally far before them, or are one
  /// value, or leaves.
  bool readAlike(unsigned a, unsigned b) const {
    for (auto [first, second] :
         llvm::zip(ops[a]->getOperands(), ops[b]->getOperands())) {
      if (first == second)
        continue;
      Operation *one = first.getDefiningOp(), *other = second.getDefiningOp();
      if (!one || !other)
        return false;
      if (isLeaf(one) && isLeaf(other) && one->getName() == other->getName())
        continue;
      std::optional<unsigned> from = program.numberOf(one),
                              to = program.numberOf(other);
      if (!from || !to || *to - *from != b - a ||
          cast<OpResult>(first).getResultNumber() !=
              cast<OpResult>(second).getResultNumber())
        return false;
    }
    return true;
  }

  bool alike(unsigned a, unsigned b) const {
    return signatures[a] == signatures[b] && readAlike(a, b);
  }

  void findLastUses() {
    for (auto [number, op] : llvm::enumerate(ops)) {
      unsigned last = number;
      for (Operation *user : op->getUsers()) {
        std::optional<unsigned> at = program.numberOf(user);
        last = std::max(last, at ? *at : unsigned(ops.size()));
      }
      lastUse.push_back(last);
    }
  }

  /// The one value that is made in [from, cut) and used behind the cut, if
  /// there is just one.
  Value crossing(unsigned from, unsigned cut) const {
    Value result;
    for (unsigned number = from; number < cut; ++number) {
      if (lastUse[number] < cut)
        continue;
      for (Value value : ops[number]->getResults())
        if (llvm::any_of(value.getUsers(), [&](Operation *user) {
              std::optional<unsigned> at = program.numberOf(user);
              return !at || *at >= cut;
            })) {
          if (result)
            return {};
          result = value;
        }
    }
    return result;
  }

  std::vector<unsigned> periods(unsigned begin, unsigned end) const {
    DenseMap<size_t, unsigned> seen;
    std::map<unsigned, unsigned> often;
    for (unsigned at = begin; at < end; ++at) {
      auto [place, isNew] = seen.try_emplace(signatures[at], at);
      if (!isNew)
        ++often[at - place->second];
      place->second = at;
    }
    std::vector<unsigned> result;
    for (auto [period, count] : often)
      if (count > 1)
        result.push_back(period);
    llvm::sort(result, [&](unsigned a, unsigned b) {
      return std::pair(often[b], a) < std::pair(often[a], b);
    });
    constexpr size_t most = 16;
    result.resize(std::min(result.size(), most));
    return result;
  }

  /// The stretch whose ops equal those a period behind them, of the longest.
  std::pair<unsigned, unsigned> longest(unsigned begin, unsigned end,
                                        unsigned period) const {
    std::pair<unsigned, unsigned> best{begin, begin};
    for (unsigned at = begin; at + period < end;) {
      unsigned from = at;
      while (at + period < end && alike(at, at + period))
        ++at;
      if (at - from > best.second - best.first)
        best = {from, at};
      ++at;
    }
    return best;
  }

  /// Whether another layer of the author's begins with the op.
  bool beginsLayer(unsigned number) const {
    return number > 0 && layerOf(ops[number]) != layerOf(ops[number - 1]);
  }

  /// Shortens a run so that one value crosses each of its cuts, if it can be
  /// where the author's layers end.
  std::optional<Segment> cut(unsigned begin, unsigned end,
                             unsigned period) const {
    std::optional<Segment> first;
    for (unsigned at = begin; at < begin + period; ++at) {
      unsigned copies = (end - at) / period;
      if (copies < 2)
        break;
      Segment segment{at, at + period, copies, {}, {}};
      // A value that comes from before the run is none of a layer's.
      segment.out = crossing(at, segment.end);
      if (!segment.out)
        continue;
      unsigned made = *program.numberOf(segment.out.getDefiningOp());
      if (made < period)
        continue;
      segment.in = ops[made - period]->getResult(
          cast<OpResult>(segment.out).getResultNumber());
      if (segment.in.getType() != segment.out.getType())
        continue;
      if (beginsLayer(at))
        return segment;
      if (!first)
        first = segment;
    }
    return first;
  }

  void search(unsigned begin, unsigned end) {
    std::optional<Segment> best;
    auto covered = [](const Segment &segment) {
      return segment.length() * segment.copies;
    };
    for (unsigned period : periods(begin, end)) {
      auto [from, to] = longest(begin, end, period);
      if (to - from < period)
        continue;
      std::optional<Segment> segment = cut(from, to + period, period);
      if (segment && (!best || covered(*segment) > covered(*best)))
        best = segment;
    }
    if (!best) {
      if (begin < end)
        found.push_back({begin, end, 1, {}, {}});
      return;
    }
    search(begin, best->begin);
    found.push_back(*best);
    search(best->begin + covered(*best), end);
  }

  const Program &program;
  ArrayRef<Operation *> ops;
  std::vector<llvm::hash_code> signatures;
  std::vector<unsigned> lastUse;
  std::vector<Segment> found;
};
} // namespace

void Program::findSegments() {
  parts = RunFinder(*this).run();
  // Between two segments stands what the run says of its own cuts.
  for (auto [at, segment] : llvm::enumerate(parts)) {
    if (segment.copies == 1)
      continue;
    if (at > 0 && parts[at - 1].copies == 1)
      parts[at - 1].out = segment.in;
    if (at + 1 < parts.size() && parts[at + 1].copies == 1) {
      Operation *last =
          inCopy(segment, segment.out.getDefiningOp(), segment.copies - 1);
      parts[at + 1].in =
          last->getResult(cast<OpResult>(segment.out).getResultNumber());
    }
  }
}
