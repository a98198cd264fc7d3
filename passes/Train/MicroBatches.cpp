//===- MicroBatches.cpp - Sums over a step's micro-batches ------*- C++ -*-===//
//
// Elsewhere than in a reproducible module one sum is kept of each value:
// `accumulate` stores it, and the step, which completes it, stores zeros.
//
// In a reproducible module sums of micro-batches are balanced trees like those
// over the samples of one. What is kept are the sums of subtrees that wait for
// their siblings, one of a size: the digits of the number of micro-batches so
// far, which alone says which of them wait. The step finds all of them waiting
// and only sets the number to zero.
//
//===----------------------------------------------------------------------===//
#include "passes/Train/MicroBatches.h"
#include "passes/Train/Options.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

static DenseElementsAttr zeros(RankedTensorType type) {
  Builder builder(type.getContext());
  return DenseElementsAttr::get(type,
                                builder.getZeroAttr(type.getElementType()));
}

ParameterOp train::createState(Formula &f, ParameterOp of, StringRef suffix,
                               Type element) {
  OpBuilder::InsertionGuard guard(f.builder);
  f.builder.setInsertionPoint(of);
  auto state = ParameterOp::create(f.builder, f.loc,
                                   typeOf(of.getResult()).clone(element),
                                   (of.getName() + "#" + suffix).str());
  state.setInitAttr(zeros(of.getStoredType().clone(element)));
  state.setViewOffsetAttr(of.getViewOffsetAttr());
  state.setViewStridesAttr(of.getViewStridesAttr());
  return state;
}

MicroBatches::MicroBatches(func::FuncOp func, Formula &f, int64_t count,
                           llvm::DenseSet<Value> sampleSums)
    : func(func), f(f), builder(f.builder), count(count),
      asTrees(dist::isReproducible(func)), sampleSums(std::move(sampleSums)) {}

ParameterOp MicroBatches::createKept(StringRef name, Value like) {
  auto kept = ParameterOp::create(builder, f.loc, like.getType(), name);
  kept.setInitAttr(zeros(typeOf(like)));
  return kept;
}

Value MicroBatches::addToKept(ParameterOp parameter, Value value) {
  parameter->setAttr(kTransientAttr, builder.getUnitAttr());
  kept[parameter.getName()] = 1;
  return f.add(parameter.getResult(), value);
}

Value MicroBatches::addToTree(StringRef name, Value value) {
  for (int64_t size = 1; size < count; size *= 2) {
    std::string suffix = size == 1 ? "" : "_" + std::to_string(size);
    ParameterOp parameter = createKept((name + suffix).str(), value);
    value = addToKept(parameter, value);
    kept[parameter.getName()] = size;
  }
  return value;
}

/// Adds up a gradient where it is a sum over samples: what is made of such sums
/// afterwards, as where a weight has several uses or a factor, rounds, and so
/// is made of the sums over all micro-batches. `known` are those made so far.
Value MicroBatches::addSumsToTrees(StringRef name, Value value,
                                   DenseMap<Value, Value> &known) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Value total = value;
  if (sampleSums.contains(value)) {
    // Views of a parameter share its name, too.
    int64_t number = terms[name]++;
    std::string suffix = number ? "_term_" + std::to_string(number) : "";
    total = addToTree((name + suffix).str(), value);
  } else if (Operation *op = value.getDefiningOp()) {
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) {
          return addSumsToTrees(name, operand, known);
        });
    if (!llvm::equal(operands, op->getOperands())) {
      Operation *again = builder.clone(*op);
      again->setOperands(operands);
      total = again->getResult(cast<OpResult>(value).getResultNumber());
    }
  }
  return known[value] = total;
}

Value MicroBatches::addGradient(ParameterOp parameter, Value gradient) {
  if (!asTrees)
    return addToKept(createState(f, parameter, "gradient",
                                 typeOf(gradient).getElementType()),
                     gradient);
  std::string name = (parameter.getName() + "#gradient").str();
  DenseMap<Value, Value> known;
  Value sum = addSumsToTrees(name, gradient, known);
  // A loss that no sample changes has one gradient a micro-batch.
  return sum == gradient ? addToTree(name, gradient) : sum;
}

Value MicroBatches::add(StringRef name, Value value) {
  return asTrees ? addToTree(name, value)
                 : addToKept(createKept(name, value), value);
}

/// What is kept of `func`'s micro-batches, and where more is added to it.
static SmallVector<std::pair<ParameterOp, AddOp>>
keptIn(func::FuncOp func, const llvm::StringMap<int64_t> &names) {
  SmallVector<std::pair<ParameterOp, AddOp>> found;
  for (auto parameter : func.front().getOps<ParameterOp>())
    if (names.contains(parameter.getName()))
      for (Operation *user : parameter->getUsers())
        found.emplace_back(parameter, cast<AddOp>(user));
  return found;
}

void MicroBatches::keepSums(func::FuncOp accumulate) {
  for (auto [parameter, sum] : keptIn(accumulate, kept)) {
    builder.setInsertionPointAfter(sum);
    UpdateOp::create(builder, f.loc, parameter, sum);
  }
  for (auto [parameter, sum] : keptIn(func, kept)) {
    builder.setInsertionPointAfter(sum);
    UpdateOp::create(builder, f.loc, parameter, f.splat(typeOf(sum), 0));
  }
}

/// The number of micro-batches before this one, which becomes `next`, or one
/// more.
Value MicroBatches::countMicroBatches(func::FuncOp in,
                                      std::optional<int64_t> next) {
  auto scalar = RankedTensorType::get({}, builder.getI64Type());
  builder.setInsertionPointToStart(&in.front());
  auto counter = ParameterOp::create(builder, f.loc, scalar, "#micro_batch");
  counter.setInitAttr(zeros(scalar));
  counter->setAttr(kTransientAttr, builder.getUnitAttr());
  UpdateOp::create(builder, f.loc, counter,
                   next ? f.splat(scalar, *next)
                        : f.add(counter.getResult(), 1));
  return counter.getResult();
}

/// The first subtree that is missing is what the new sum becomes.
void MicroBatches::keepTrees(func::FuncOp accumulate) {
  countMicroBatches(func, 0);
  Value earlier = countMicroBatches(accumulate, std::nullopt);
  // Of each size, whether what waits stays as it is: the new sum takes its
  // place where `earlier` ends in a zero and then only ones.
  llvm::DenseMap<int64_t, Value> stays;
  for (int64_t size = 1; size < count; size *= 2) {
    Value digits =
        RemOp::create(builder, f.loc, earlier.getType(), earlier,
                      f.splat(typeOf(earlier), static_cast<double>(2 * size)));
    stays[size] = f.notEqual(
        digits, f.splat(typeOf(earlier), static_cast<double>(size - 1)));
  }
  for (auto [parameter, sum] : keptIn(accumulate, kept)) {
    builder.setInsertionPointAfter(sum);
    Value waits = parameter.getResult();
    UpdateOp::create(
        builder, f.loc, parameter,
        f.select(stays[kept.at(parameter.getName())], waits, sum.getRhs()));
  }
}

void MicroBatches::splitOff() {
  builder.setInsertionPointAfter(func);
  func::FuncOp accumulate = func.clone();
  builder.insert(accumulate);
  accumulate.setName(kAccumulateName);
  asTrees ? keepTrees(accumulate) : keepSums(accumulate);
  setNamedResults(accumulate, {});
  builder.setInsertionPoint(func.front().getTerminator());
}
