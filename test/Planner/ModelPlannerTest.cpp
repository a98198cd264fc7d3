//===- ModelPlannerTest.cpp - Plans of models, against all others ---------===//
//
// Small models of random layers on small machines: the search is held against
// the enumeration of all choices.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/PointSolver.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;
using llvm::formatv;

namespace {

struct Random {
  explicit Random(uint32_t seed) : engine(seed) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(engine() % n); }
  std::mt19937 engine;
};

/// Layers of a product, an elementwise op and a residual sum, alike or not.
std::string randomModel(Random &random, bool isAlike) {
  int64_t layers = 1 + random.below(3);
  std::string body = "%x0 = graph.neg %a : tensor<8x16xf32> -> "
                     "tensor<8x16xf32>\n";
  SmallVector<int64_t> kinds;
  for (int64_t layer = 0; layer < layers; ++layer)
    kinds.push_back(isAlike && layer ? kinds.front() : random.below(3));
  for (int64_t layer = 0; layer < layers; ++layer) {
    std::string in = formatv("%x{0}", layer), out = formatv("%x{0}", layer + 1);
    std::string s = formatv("{0}", layer);
    body += formatv("%w{0} = graph.parameter \"w{0}\" : tensor<16x16xf32>\n"
                    "%h{0} = graph.dot {1}, %w{0} batch [] x [] contract [1] x "
                    "[0] : (tensor<8x16xf32>, tensor<16x16xf32>) -> "
                    "tensor<8x16xf32>\n",
                    s, in);
    switch (kinds[layer]) {
    case 0:
      body += formatv("{0} = graph.add {1}, %h{2} : (tensor<8x16xf32>, "
                      "tensor<8x16xf32>) -> tensor<8x16xf32>\n",
                      out, in, s);
      break;
    case 1:
      body += formatv("{0} = graph.tanh %h{1} : tensor<8x16xf32> -> "
                      "tensor<8x16xf32>\n",
                      out, s);
      break;
    case 2:
      body += formatv("%g{1} = graph.tanh %h{1} : tensor<8x16xf32> -> "
                      "tensor<8x16xf32>\n{0} = graph.mul %g{1}, %h{1} : "
                      "(tensor<8x16xf32>, tensor<8x16xf32>) -> "
                      "tensor<8x16xf32>\n",
                      out, s);
      break;
    }
  }
  return formatv("func.func @main(%a: tensor<8x16xf32> {{graph.name = \"a\"}) "
                 "-> tensor<8x16xf32> {{\n{0}return %x{1} : "
                 "tensor<8x16xf32>\n}",
                 body, layers);
}

/// Slow links, so that layouts differ in what they cost.
Machine randomMachine(Random &random, int64_t devices) {
  Machine machine;
  machine.name = "test";
  machine.devices = devices;
  machine.device.memoryBytes = 1 << 30;
  machine.device.peakFlops["f32"] =
      1e9 * static_cast<double>(1 + random.below(9));
  machine.device.vectorFlops = 1e9;
  machine.device.memoryBandwidth =
      1e9 * static_cast<double>(1 + random.below(9));
  machine.levels = {{"node", devices, static_cast<double>(random.below(3)),
                     1e8 * static_cast<double>(1 + random.below(50)), 1}};
  machine.overlap.coreShare = random.below(2) ? 1 : 0;
  return machine;
}

/// Of 8 devices, with up to two stages and any micro-batches.
PlanRequest stagedTraining() {
  PlanRequest request;
  request.devices = 8;
  request.mostStages = 2;
  request.splitsBatch = true;
  request.training = {8, 4};
  return request;
}

class ModelPlanner : public testing::Test {
protected:
  ModelPlanner() {
    context.loadDialect<graph::GraphDialect, dist::DistDialect,
                        func::FuncDialect>();
  }

  func::FuncOp parse(const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    return *module->getOps<func::FuncOp>().begin();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

/// Of all choices of a chain's units, those that agree at the cuts.
class AllPlans {
public:
  AllPlans(const Chain &chain, const Program &program, const Counting &counting)
      : chain(chain), program(program), counting(counting) {}

  struct Least {
    double time = std::numeric_limits<double>::infinity();
    int64_t bytes = std::numeric_limits<int64_t>::max();
  };

  /// The least time in so many bytes, and the least bytes.
  Least find(int64_t limit) {
    this->limit = limit;
    least = {};
    links.clear();
    for (auto [number, segment] : llvm::enumerate(program.segments()))
      links.insert(links.end(), segment.copies, number);
    visitUnit(0, -1, Parts());
    return least;
  }

private:
  void visitUnit(size_t unit, int cut, const Parts &before) {
    if (unit == links.size()) {
      int64_t bytes = counting.bytes(before) + before.transient;
      least.bytes = std::min(least.bytes, bytes);
      if (bytes <= limit)
        least.time = std::min(least.time, counting.time(before));
      return;
    }
    const SegmentGraph &graph = chain.link(links[unit]);
    SmallVector<unsigned> choices(graph.nodes.size(), 0);
    while (true) {
      if (graph.in < 0 || static_cast<int>(choices[graph.in]) == cut) {
        Parts parts = before;
        parts.add(graph.total(choices));
        if (!std::isinf(parts.exchange))
          visitUnit(unit + 1, graph.out < 0 ? -1 : int(choices[graph.out]),
                    parts);
      }
      size_t node = 0;
      while (node < choices.size() &&
             ++choices[node] == graph.nodes[node].choices.size())
        choices[node++] = 0;
      if (node == choices.size())
        return;
    }
  }

  const Chain &chain;
  const Program &program;
  const Counting &counting;
  std::vector<size_t> links;
  int64_t limit = 0;
  Least least;
};

double combinations(const Chain &chain, const Program &program) {
  double all = 1;
  for (auto [number, segment] : llvm::enumerate(program.segments()))
    for (unsigned copy = 0; copy < segment.copies; ++copy)
      for (const SegmentNode &node : chain.link(number).nodes)
        all *= static_cast<double>(node.choices.size());
  return all;
}

TEST_F(ModelPlanner, FindsTheBestOfAll) {
  int compared = 0, bound = 0, exact = 0;
  for (uint32_t seed = 0; seed < 800; ++seed) {
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, random.below(2)));
    Machine machine = randomMachine(random, 2);
    PlanRequest request;
    request.devices = 2;
    if (random.below(2))
      request.training = {8, 4};
    SearchSpace space(forward, machine, request);
    PlanPoint point;
    point.tp = 2;
    Chain &chain = *space.layOut(point).chain;
    if (combinations(chain, space.program) > 3e5)
      continue;
    Counting counting;
    counting.exposed = machine.overlap.coreShare;
    AllPlans all(chain, space.program, counting);
    constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();
    auto units = static_cast<unsigned>(chain.size());
    ChainPlan plan = chain.solve(0, units, counting, unlimited);
    auto least = all.find(unlimited);
    ++compared;
    ASSERT_TRUE(plan.fits) << "seed " << seed;
    EXPECT_NEAR(plan.time, least.time, 1e-9 * least.time) << "seed " << seed;
    // Between what the quickest takes and the least.
    int64_t limit = (plan.bytes + least.bytes) / 2;
    if (limit >= plan.bytes)
      continue;
    ChainPlan tight = chain.solve(0, units, counting, limit);
    least = all.find(limit);
    ASSERT_TRUE(tight.fits) << "seed " << seed;
    ++bound;
    EXPECT_LE(tight.bytes, limit) << "seed " << seed;
    EXPECT_GE(tight.time, least.time * (1 - 1e-9)) << "seed " << seed;
    EXPECT_LE(tight.lowerBound, least.time * (1 + 1e-9)) << "seed " << seed;
    exact += tight.time <= least.time * (1 + 1e-9);
  }
  EXPECT_GT(compared, 200);
  EXPECT_GT(bound, 30);
  std::printf("%d compared; memory bound %d, of which %d are the best\n",
              compared, bound, exact);
}

TEST_F(ModelPlanner, FoldsLayers) {
  std::string body = "%x0 = graph.neg %a : tensor<8x16xf32> -> "
                     "tensor<8x16xf32>\n";
  for (int layer = 0; layer < 12; ++layer)
    body += formatv(
        "%w{0} = graph.parameter \"w{0}\" : tensor<16x16xf32>\n"
        "%h{0} = graph.dot %x{0}, %w{0} batch [] x [] contract [1] x [0] : "
        "(tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>\n"
        "%x{1} = graph.add %x{0}, %h{0} : (tensor<8x16xf32>, "
        "tensor<8x16xf32>) -> tensor<8x16xf32>\n",
        layer, layer + 1);
  Program program(
      parse(formatv("func.func @main(%a: tensor<8x16xf32>) -> "
                    "tensor<8x16xf32> {{\n{0}return %x12 : tensor<8x16xf32>\n}",
                    body)
                .str()));
  unsigned folded = 0, all = 0;
  for (const Segment &segment : program.segments()) {
    all += segment.length() * segment.copies;
    if (segment.copies > 1) {
      folded += segment.copies;
      EXPECT_EQ(segment.length(), 2u);
    }
  }
  EXPECT_EQ(all, program.ops().size());
  EXPECT_GE(folded, 11u);
}

/// Also where a layer reads its weight twice.
TEST_F(ModelPlanner, NamesTheWeightsOfAllCopies) {
  std::string body;
  constexpr int layers = 6;
  for (int layer = 0; layer < layers; ++layer)
    body += formatv(
        "%w{0} = graph.parameter \"w{0}\" : tensor<16x16xf32>\n"
        "%h{0} = graph.dot %x{0}, %w{0} batch [] x [] contract [1] x [0] : "
        "(tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>\n"
        "%g{0} = graph.dot %h{0}, %w{0} batch [] x [] contract [1] x [0] : "
        "(tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>\n"
        "%x{1} = graph.add %x{0}, %g{0} : (tensor<8x16xf32>, "
        "tensor<8x16xf32>) -> tensor<8x16xf32>\n",
        layer, layer + 1);
  func::FuncOp forward =
      parse(formatv("func.func @main(%x0: tensor<8x16xf32>) -> "
                    "tensor<8x16xf32> {{\n{0}return %x{1} : "
                    "tensor<8x16xf32>\n}",
                    body, layers));
  Random random(1);
  Machine machine = randomMachine(random, 2);
  PlanRequest request;
  request.devices = 2;
  request.pins.tp = 2;
  FailureOr<PlanResult> result = makePlan(forward, machine, request);
  ASSERT_TRUE(succeeded(result) && result->best());
  for (int layer = 0; layer < layers; ++layer)
    EXPECT_TRUE(llvm::any_of(result->best()->plan.layouts,
                             [&](const PlanFile::Entry &entry) {
                               return entry.match ==
                                      formatv("w{0}", layer).str();
                             }))
        << layer;
}

TEST_F(ModelPlanner, MoreDevicesAreNotSlowerIfSomeMayIdle) {
  int faster = 0, idle = 0;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, random.below(2)));
    Machine machine = randomMachine(random, 9);
    PlanRequest request = stagedTraining();
    request.mayIdle = true;
    double before = std::numeric_limits<double>::infinity();
    for (request.devices = 1; request.devices <= 9; ++request.devices) {
      FailureOr<PlanResult> result = makePlan(forward, machine, request);
      ASSERT_TRUE(succeeded(result) && result->best());
      EXPECT_LE(result->cost, before * (1 + 1e-9));
      EXPECT_LE(result->best()->point.ranks(), request.devices);
      faster += result->cost < before * 0.999;
      idle += result->best()->point.ranks() < request.devices;
      before = result->cost;
    }
  }
  EXPECT_GT(faster, 60);
  EXPECT_GT(idle, 30);
}

/// The best of all plans that each have one of a weight's layouts is the best
/// plan, and each has the layout that was decided.
TEST_F(ModelPlanner, PinsAreKeptAndCoverTheSpace) {
  int differ = 0;
  for (uint32_t seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, random.below(2)));
    Machine machine = randomMachine(random, 2);
    PlanRequest request;
    request.devices = 2;
    request.pins.tp = 2;
    if (random.below(2))
      request.training = {8, 4};
    FailureOr<PlanResult> free = makePlan(forward, machine, request);
    ASSERT_TRUE(succeeded(free) && free->best());
    auto weight = *forward.getOps<graph::ParameterOp>().begin();
    StageMesh mesh(&context, /*microBatches=*/1, /*dp=*/1, /*tp=*/2);
    double least = std::numeric_limits<double>::infinity(), most = 0;
    for (std::pair<StringRef, StringRef> axes :
         {std::pair("", ""), std::pair("tp", ""), std::pair("", "tp")}) {
      SmallVector<dist::AxesAttr> dims;
      std::vector<std::vector<std::string>> names;
      for (StringRef axis : {axes.first, axes.second}) {
        SmallVector<dist::AxisRefAttr> refs;
        names.emplace_back();
        if (!axis.empty()) {
          refs.push_back(dist::AxisRefAttr::get(&context, axis));
          names.back().push_back(axis.str());
        }
        dims.push_back(dist::AxesAttr::get(&context, refs));
      }
      auto layout = dist::LayoutAttr::get(&context, mesh.ref, dims,
                                          dist::ReductionKind::Sum,
                                          dist::AxesAttr::get(&context, {}));
      weight->setAttr(dist::kSeedAttr,
                      dist::SeedAttr::get(&context, layout, 0, true, "test"));
      FailureOr<PlanResult> pinned = makePlan(forward, machine, request);
      ASSERT_TRUE(succeeded(pinned) && pinned->best());
      least = std::min(least, pinned->cost);
      most = std::max(most, pinned->cost);
      EXPECT_GE(pinned->cost, free->lowerBound * (1 - 1e-9));
      bool isKept = false;
      for (const PlanFile::Entry &entry : pinned->best()->plan.layouts)
        isKept |= entry.match == "w0" && entry.dims == names;
      EXPECT_TRUE(isKept);
    }
    EXPECT_LE(least, free->cost * (1 + 1e-9));
    differ += most > least * 1.001;
  }
  EXPECT_GT(differ, 40);
}

TEST_F(ModelPlanner, MoreMemoryIsNeverSlower) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, true));
    Machine machine = randomMachine(random, 4);
    PlanRequest request;
    request.devices = 4;
    request.training = {8, 4};
    double before = std::numeric_limits<double>::infinity();
    for (request.memoryBytes = 1000; request.memoryBytes < 40000;
         request.memoryBytes += 1500) {
      FailureOr<PlanResult> result = makePlan(forward, machine, request);
      ASSERT_TRUE(succeeded(result));
      const Candidate *best = result->best();
      if (!best) {
        EXPECT_TRUE(std::isinf(before)) << "seed " << seed;
        continue;
      }
      EXPECT_LE(best->memory.total(), request.memoryBytes);
      EXPECT_LE(result->cost, before * (1 + 1e-9))
          << "seed " << seed << ", " << request.memoryBytes << " bytes";
      EXPECT_LE(result->lowerBound, result->cost * (1 + 1e-9));
      before = result->cost;
    }
    EXPECT_FALSE(std::isinf(before)) << "seed " << seed;
  }
}

TEST_F(ModelPlanner, IsTheSameEachTimeAndWithinItsLimits) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, true));
    Machine machine = randomMachine(random, 8);
    PlanRequest request = stagedTraining();
    FailureOr<PlanResult> first = makePlan(forward, machine, request),
                          second = makePlan(forward, machine, request);
    ASSERT_TRUE(succeeded(first) && succeeded(second));
    ASSERT_TRUE(first->best() && second->best());
    EXPECT_EQ(first->stopped, "");
    EXPECT_EQ(planHash(first->best()->plan), planHash(second->best()->plan));
    // Cut short, the bound still is one, and the plan no better.
    request.workLimit = 1;
    FailureOr<PlanResult> early = makePlan(forward, machine, request);
    ASSERT_TRUE(succeeded(early));
    if (!early->best())
      continue;
    EXPECT_LE(early->lowerBound, first->cost * (1 + 1e-9)) << "seed " << seed;
    EXPECT_GE(early->cost, first->lowerBound * (1 - 1e-9)) << "seed " << seed;
  }
}

/// What is said of a decision holds for all plans under it.
TEST_F(ModelPlanner, RejectedDecisionsAreWorse) {
  int slower = 0, tooLarge = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    func::FuncOp forward = parse(randomModel(random, true));
    Machine machine = randomMachine(random, 8);
    PlanRequest request = stagedTraining();
    request.memoryBytes = 1000 + random.below(2500);
    request.findsRejected = true;
    FailureOr<PlanResult> result = makePlan(forward, machine, request);
    ASSERT_TRUE(succeeded(result));
    for (const Rejection &rejection : result->rejected) {
      SCOPED_TRACE(formatv("seed {0}, {1}", seed, rejection.decision).str());
      PlanRequest under = request;
      auto [name, value] = StringRef(rejection.decision).split('=');
      int64_t number = 0;
      if (!value.getAsInteger(10, number)) {
        auto &pins = under.pins;
        (name == "dp"   ? pins.dp
         : name == "tp" ? pins.tp
         : name == "pp" ? pins.pp
                        : pins.microBatches) = number;
      } else if (name.consume_front("ZeRO-")) {
        ASSERT_FALSE(name.getAsInteger(10, number));
        under.pins.zero = number;
      } else if (name == "recompute selective") {
        under.pins.recompute = RecomputePlan::Selective;
      } else {
        continue; // No pin says it.
      }
      FailureOr<PlanResult> other = makePlan(forward, machine, under);
      ASSERT_TRUE(succeeded(other));
      if (rejection.why == Rejection::TooLarge) {
        ++tooLarge;
        EXPECT_FALSE(other->best());
        // Nor with a little less than what is said to be missing.
        under.memoryBytes += std::max<int64_t>(rejection.missing - 2, 0);
        other = makePlan(forward, machine, under);
        ASSERT_TRUE(succeeded(other));
        EXPECT_FALSE(other->best());
      } else if (rejection.why == Rejection::Slower) {
        ++slower;
        EXPECT_GT(rejection.lowerBound, result->cost);
        if (other->best())
          EXPECT_GE(other->cost, rejection.lowerBound * (1 - 1e-9));
      }
    }
  }
  EXPECT_GT(slower, 40);
  EXPECT_GT(tooLarge, 10);
}

/// A sum is left partial only where an operand is: the compiler makes none.
TEST_F(ModelPlanner, SumsArePartialByAnOperand) {
  func::FuncOp forward =
      parse("func.func @main(%a: tensor<8x16xf32>) -> tensor<8x16xf32> {\n"
            "%w = graph.parameter \"w\" : tensor<16x16xf32>\n"
            "%b = graph.parameter \"b\" : tensor<16xf32>\n"
            "%h = graph.dot %a, %w batch [] x [] contract [1] x [0] : "
            "(tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>\n"
            "%c = graph.broadcast %b dims [1] : tensor<16xf32> -> "
            "tensor<8x16xf32>\n"
            "%s = graph.add %h, %c : (tensor<8x16xf32>, tensor<8x16xf32>) -> "
            "tensor<8x16xf32>\n"
            "return %s : tensor<8x16xf32>\n}");
  Program program(forward);
  StageMesh mesh(&context, /*microBatches=*/1, /*dp=*/1, /*tp=*/2);
  auto partial = [&](StringRef name) {
    SmallVector<std::optional<unsigned>> from;
    forward.walk([&](dist::ShardableOpInterface op) {
      if (op->getName().getStringRef() == name)
        for (const Strategy &each : strategiesOf(op, mesh, program.samples()))
          if (each.results.front().isPartial())
            from.push_back(each.partialFrom);
    });
    return from;
  };
  // A product is by the factor that it sums over.
  EXPECT_EQ(partial("graph.dot"),
            SmallVector<std::optional<unsigned>>{std::nullopt});
  EXPECT_EQ(partial("graph.broadcast"), SmallVector<std::optional<unsigned>>{});
  EXPECT_EQ(partial("graph.add"), (SmallVector<std::optional<unsigned>>{0, 1}));
}

/// Each value meets each other one: no order keeps few of them open.
TEST_F(ModelPlanner, RefusesWhatIsTooWide) {
  constexpr int values = 30;
  std::string body, last;
  for (int i = 0; i < values; ++i)
    body += formatv("%w{0} = graph.parameter \"w{0}\" : tensor<16x16xf32>\n"
                    "%v{0} = graph.dot %a, %w{0} batch [] x [] contract [1] x "
                    "[0] : (tensor<8x16xf32>, tensor<16x16xf32>) -> "
                    "tensor<8x16xf32>\n",
                    i);
  for (int i = 0; i < values; ++i)
    for (int j = 0; j < i; ++j) {
      std::string sum = formatv("%s{0}_{1}", i, j);
      body += formatv("{0} = graph.mul %v{1}, %v{2} : (tensor<8x16xf32>, "
                      "tensor<8x16xf32>) -> tensor<8x16xf32>\n",
                      sum, i, j);
      if (!last.empty())
        body += formatv("{0}_t = graph.add {0}, {1} : (tensor<8x16xf32>, "
                        "tensor<8x16xf32>) -> tensor<8x16xf32>\n",
                        sum, last);
      last = last.empty() ? sum : sum + "_t";
    }
  func::FuncOp forward =
      parse(formatv("func.func @main(%a: tensor<8x16xf32>) -> tensor<8x16xf32> "
                    "{{\n{0}return {1} : tensor<8x16xf32>\n}",
                    body, last));
  std::string said;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    said += diagnostic.str();
    return success();
  });
  Random random(1);
  Machine machine = randomMachine(random, 2);
  PlanRequest request;
  request.devices = 2;
  EXPECT_TRUE(failed(makePlan(forward, machine, request)));
  EXPECT_NE(said.find("too many values are in use at once"), std::string::npos);
}

} // namespace
