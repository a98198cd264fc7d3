//===- Generator.cpp - Random programs of graph ops -------------*- C++ -*-===//

#include "Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

Generator::Generator(MLIRContext *context, uint64_t seed, int64_t size,
                     Extent extent)
    : dice(seed), builder(context), loc(builder.getUnknownLoc()), size(size),
      extent(extent) {
  module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  main = func::FuncOp::create(builder, loc, "main",
                              builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(main.addEntryBlock());
}

int64_t Generator::dimSize() {
  if (dice.chance(3))
    return 0;
  static constexpr int64_t small[] = {1, 2, 3, 4, 5, 6, 7, 8, 12};
  static constexpr int64_t large[] = {1, 2, 3, 5, 16, 17, 32, 63, 64, 80, 129};
  if (extent == Extent::Large)
    return dice.pick(large);
  return std::min(size, dice.pick(small));
}

Shape Generator::shape(int64_t minRank, int64_t maxRank) {
  Shape shape;
  int64_t elements = 1, rank = dice.between(minRank, maxRank);
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t length = dimSize();
    if (elements * length > maxElements())
      length = 1;
    shape.push_back(length);
    elements *= length;
  }
  return shape;
}

Type Generator::element(ElementKind kind) {
  SmallVector<Type> types;
  bool any = kind == ElementKind::Any;
  if (any || kind == ElementKind::Float || kind == ElementKind::Number) {
    types.append(
        {builder.getF32Type(), builder.getF32Type(), builder.getF64Type()});
    if (useNarrowFloats)
      types.append({builder.getBF16Type(), builder.getF16Type()});
    if (kind != ElementKind::Float)
      types.append(2, builder.getF32Type());
  }
  if (any || kind == ElementKind::Int || kind == ElementKind::Number ||
      kind == ElementKind::Bits)
    types.append({builder.getI64Type(), builder.getI32Type(),
                  builder.getI16Type(), builder.getI8Type()});
  if (any || kind == ElementKind::Bool || kind == ElementKind::Bits)
    types.push_back(builder.getI1Type());
  return dice.pick(types);
}

Value Generator::input(RankedTensorType type) {
  auto index = main.getNumArguments();
  (void)main.insertArgument(index, type, {}, loc);
  ranges.push_back({-4, 4});
  pool.push_back(main.getArgument(index));
  return main.getArgument(index);
}

Value Generator::leaf(RankedTensorType type) {
  if (!useParameters || type.getRank() > 3 || !dice.chance(20))
    return input(type);
  create<graph::ParameterOp>(type, newName());
  return pool.back();
}

Value Generator::integers(ArrayRef<int64_t> shape, int64_t low, int64_t high) {
  Value value = input(type(shape, element(ElementKind::Int)));
  ranges.back() = {low, high};
  return value;
}

Value Generator::value(ArrayRef<int64_t> shape, Type element) {
  RankedTensorType wanted = type(shape, element);
  SmallVector<Value> fitting;
  for (Value value : pool)
    if (value.getType() == wanted)
      fitting.push_back(value);
  if (!fitting.empty() && dice.chance(80))
    return dice.pick(fitting);
  return leaf(wanted);
}

static bool isOfKind(Type type, ElementKind kind) {
  switch (kind) {
  case ElementKind::Float:
    return isa<FloatType>(type);
  case ElementKind::Int:
    return !isa<FloatType>(type) && !type.isInteger(1);
  case ElementKind::Number:
    return !type.isInteger(1);
  case ElementKind::Bool:
    return type.isInteger(1);
  case ElementKind::Bits:
    return !isa<FloatType>(type);
  case ElementKind::Any:
    return true;
  }
  return false;
}

Value Generator::any(ElementKind kind, int64_t minRank, int64_t maxRank) {
  SmallVector<Value> fitting;
  for (Value value : pool) {
    auto type = cast<RankedTensorType>(value.getType());
    if (isOfKind(type.getElementType(), kind) && type.getRank() >= minRank &&
        type.getRank() <= maxRank && type.getNumElements() <= maxElements())
      fitting.push_back(value);
  }
  if (!fitting.empty() && dice.chance(80))
    return dice.pick(fitting);
  return leaf(type(shape(minRank, maxRank), element(kind)));
}

void Generator::finish() {
  SmallVector<Value> results;
  for (Value value : pool)
    if (value.getDefiningOp() && value.use_empty())
      results.push_back(value);
  func::ReturnOp::create(builder, loc, results);
  main.setFunctionType(builder.getFunctionType(main.getArgumentTypes(),
                                               ValueRange(results).getTypes()));
}

ArrayRef<Sampler> test::allSamplers() {
  static const SmallVector<Sampler> samplers = [] {
    SmallVector<Sampler> list;
    addLeafSamplers(list);
    addElementwiseSamplers(list);
    addShapeSamplers(list);
    addReductionSamplers(list);
    addIndexingSamplers(list);
    addContractionSamplers(list);
    addNormalizationSamplers(list);
    addAttentionSamplers(list);
    addRandomSamplers(list);
    return list;
  }();
  return samplers;
}

void test::generate(Generator &generator, const Sampler &sampler) {
  sampler.sample(generator);
  generator.finish();
}

void test::generateProgram(Generator &generator, int64_t ops) {
  for (int64_t i = 0; i < ops; ++i)
    generator.dice.pick(allSamplers()).sample(generator);
  generator.finish();
}

/// The samplers of these ops.
static SmallVector<Sampler> samplersOf(ArrayRef<StringRef> ops) {
  SmallVector<Sampler> list;
  for (const Sampler &sampler : allSamplers())
    if (llvm::is_contained(ops, sampler.op.drop_front(strlen("graph."))))
      list.push_back(sampler);
  return list;
}

/// Takes three quarters of the ops from `favourites`.
static void generateMostly(Generator &generator, int64_t ops,
                           ArrayRef<Sampler> favourites) {
  for (int64_t i = 0; i < ops; ++i)
    generator.dice.pick(generator.dice.chance(75) ? favourites : allSamplers())
        .sample(generator);
  generator.finish();
}

void test::generateFusing(Generator &generator, int64_t ops) {
  static const SmallVector<Sampler> fusing = [] {
    SmallVector<Sampler> list;
    addContractionSamplers(list);
    addNormalizationSamplers(list);
    addAttentionSamplers(list);
    addRandomSamplers(list);
    addReductionSamplers(list);
    addShapeSamplers(list);
    list.append(samplersOf({"add", "mul", "sub", "gelu", "relu", "tanh", "exp",
                            "cast", "select", "max"}));
    return list;
  }();
  generateMostly(generator, ops, fusing);
}

void test::generateRegrouping(Generator &generator, int64_t ops) {
  static const SmallVector<Sampler> regrouping =
      samplersOf({"reshape", "reshape", "transpose", "broadcast", "dot", "conv",
                  "reduce", "add", "relu"});
  generateMostly(generator, ops, regrouping);
}

void test::nameValues(func::FuncOp main) {
  Builder builder(main.getContext());
  for (unsigned index = 0; index < main.getNumArguments(); ++index)
    main.setArgAttr(index, graph::kNameAttr,
                    builder.getStringAttr("in" + std::to_string(index)));
  for (unsigned index = 0; index < main.getNumResults(); ++index)
    main.setResultAttr(index, graph::kNameAttr,
                       builder.getStringAttr("out" + std::to_string(index)));
}

CrashNote::CrashNote(uint64_t seed, int64_t size)
    : text("seed " + std::to_string(seed) + ", size " + std::to_string(size)),
      entry(text.c_str()) {
  llvm::EnablePrettyStackTrace();
}

int64_t test::setting(const char *name, int64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoll(text, nullptr, 10) : otherwise;
}
