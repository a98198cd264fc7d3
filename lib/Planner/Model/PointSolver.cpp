//===- PointSolver.cpp - The stages of one choice of degrees ----*- C++ -*-===//

#include "lib/Planner/Model/PointSolver.h"
#include "lib/Planner/Model/PlanWriter.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;
using simulator::ScheduleKind;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

SearchSpace::SearchSpace(func::FuncOp forward, const Machine &machine,
                         const PlanRequest &request)
    : program(forward), machine(machine), request(request),
      derivatives(forward.getContext()),
      limit(request.memoryBytes ? request.memoryBytes
                                : machine.device.memoryBytes) {}

std::unique_ptr<Chain> SearchSpace::makeChain(const StageMesh &mesh) {
  std::optional<TrainingCosts> training;
  if (request.training)
    training = TrainingCosts{request.training->stateBytes,
                             request.training->gradientBytes};
  SegmentBuilder builder(program, machine, mesh, derivatives, reshards,
                         training);
  std::vector<SegmentGraph> links;
  std::vector<unsigned> units;
  for (const Segment &segment : program.segments()) {
    units.insert(units.end(), segment.copies, links.size());
    links.push_back(builder.build(segment));
  }
  return std::make_unique<Chain>(std::move(links), std::move(units),
                                 mesh.microBatches);
}

const SearchSpace::Laid &SearchSpace::layOut(const PlanPoint &point) {
  std::tuple key(point.dp, point.tp, point.microBatches);
  auto place = laid.find(key);
  if (place != laid.end())
    return place->second;
  Laid made{
      {program.function().getContext(), point.microBatches, point.dp, point.tp},
      nullptr};
  made.chain = makeChain(made.mesh);
  return laid.try_emplace(key, std::move(made)).first->second;
}

const std::vector<double> &SearchSpace::leastSums(const PlanPoint &point) {
  // As if all samples but a rank's came one after the other.
  int64_t others = point.microBatches * point.dp;
  auto [place, isNew] = least.try_emplace({point.tp, others});
  if (!isNew)
    return place->second;
  StageMesh mesh(program.function().getContext(), others, 1, point.tp);
  Counting counting;
  counting.microBatches = others;
  counting.countsOnce = false;
  std::unique_ptr<Chain> chain = makeChain(mesh);
  if (chain->isTooWide()) {
    isTooWide = true;
    program.function().emitError()
        << "cannot be planned: too many values are in use at once; a plan file "
           "or --mesh says how it is laid out";
    return place->second;
  }
  std::vector<double> costs = chain->leastCosts({counting, 0});
  for (double &cost : costs)
    cost /= static_cast<double>(others);
  place->second = prefixSums(costs);
  return place->second;
}

unsigned SearchSpace::units() const {
  unsigned count = 0;
  for (const Segment &segment : program.segments())
    count += segment.copies;
  return count;
}

AlikeLayers SearchSpace::alike() const {
  AlikeLayers longest;
  unsigned begin = 0;
  for (const Segment &segment : program.segments()) {
    if (segment.copies > longest.end - longest.begin)
      longest = {begin, begin + segment.copies};
    begin += segment.copies;
  }
  return longest;
}

PointSolver::PointSolver(SearchSpace &space, const PlanPoint &point)
    : space(space), point(point), least(space.leastSums(point)),
      schedule(point.chunks > 1 ? ScheduleKind::Interleaved
                                : ScheduleKind::OneForwardOneBackward) {}

const SearchSpace::Laid &PointSolver::laid() {
  if (!made)
    made = &space.layOut(point);
  return *made;
}

Counting PointSolver::counting(unsigned stage, double exposed) const {
  Counting counting;
  counting.microBatches = point.microBatches;
  counting.dp = point.dp;
  counting.zero = point.zero;
  counting.exposed = exposed;
  counting.chunks = point.chunks;
  switch (point.recompute) {
  case RecomputePlan::None:
    break;
  case RecomputePlan::Selective:
    counting.modes = {Recompute::Selective};
    break;
  case RecomputePlan::Full:
    counting.modes = {Recompute::Full};
    break;
  case RecomputePlan::Listed:
    counting.modes = {Recompute::None, Recompute::Full};
    break;
  }
  simulator::ScheduleShape shape{static_cast<unsigned>(point.pp),
                                 static_cast<unsigned>(point.microBatches),
                                 static_cast<unsigned>(point.chunks)};
  counting.inFlight = simulator::mostInFlight(schedule, shape, stage);
  return counting;
}

/// What of a step's sums and gathers of parameters shows: they go on beside the
/// backward work of the last micro-batch, or beside all work where they are
/// made for each micro-batch, as far as they leave the cores free.
double PointSolver::exposedSync(const Counting &counting,
                                const Parts &total) const {
  double beside =
      point.zero >= 3 ? total.forward + total.backward : total.backward;
  if (point.zero >= 2)
    beside *= static_cast<double>(point.microBatches);
  double sync = counting.sync(total);
  return std::max(space.machine.overlap.coreShare * sync, sync - beside);
}

double PointSolver::onceOf(const Counting &counting, const Parts &total) const {
  return exposedSync(counting, total) + counting.update(total);
}

double PointSolver::sendTime(int64_t bytes) const {
  if (point.pp == 1 || bytes == 0)
    return 0;
  return space.machine.collectiveTime(Collective::Send, bytes,
                                      {{{2, point.dp * point.tp}}});
}

/// A step is the longer of two sums: that in which only what takes the cores
/// shows of the sums of gradients, and that in which they take all of the work
/// beside them and more. No plan's longer one is below the least mean of both,
/// however they are weighed: the weights are looked for as prices of memory
/// are.
ChainPlan PointSolver::solveLonger(const Counting &counts, unsigned begin,
                                   unsigned end) {
  auto times = static_cast<double>(point.zero >= 2 ? point.microBatches : 1);
  // With so much of the second one.
  auto mean = [&](double weight) {
    Counting counting = counts;
    counting.exposed += weight * (1 - counts.exposed);
    counting.besideBackward = weight * times;
    counting.besideForward = point.zero >= 3 ? weight * times : 0;
    return counting;
  };
  auto sumOf = [&](const ChainPlan &plan, double weight) {
    return mean(weight).time(plan.total);
  };
  auto isSecond = [&](const ChainPlan &plan) {
    return sumOf(plan, 1) > sumOf(plan, 0) * (1 + 1e-9);
  };
  auto solveAt = [&](double weight) {
    return laid().chain->solve(begin, end, mean(weight), space.memoryLimit());
  };
  auto longerOf = [&](const ChainPlan &plan) {
    return std::max(sumOf(plan, 0), sumOf(plan, 1));
  };
  ChainPlan first = solveAt(0);
  if (!first.fits || !isSecond(first))
    return first;
  ChainPlan second = solveAt(1);
  double bound = std::max(first.lowerBound, second.lowerBound);
  ChainPlan best = longerOf(first) < longerOf(second) ? first : second;
  constexpr int tries = 8;
  constexpr double closeEnough = 1.001;
  for (int each = 0; each < tries && !isSecond(second) &&
                     longerOf(best) > closeEnough * bound;
       ++each) {
    // Where the sums' means of both plans are equal.
    double more = sumOf(second, 0) - sumOf(first, 0),
           less = sumOf(first, 1) - sumOf(second, 1);
    if (more <= 0 || less <= 0)
      break;
    double weight = more / (more + less), mean = sumOf(first, weight);
    ChainPlan next = solveAt(weight);
    bound = std::max(bound, next.lowerBound);
    if (longerOf(next) < longerOf(best))
      best = next;
    if (sumOf(next, weight) > mean * (1 - 1e-6))
      break;
    (isSecond(next) ? first : second) = std::move(next);
  }
  best.lowerBound = std::min(bound, longerOf(best));
  return best;
}

/// Of ranges with the same units and as many micro-batches in flight once.
const ChainPlan &PointSolver::solve(const Counting &counts, unsigned begin,
                                    unsigned end) {
  std::pair key(laid().chain->describe(begin, end), counts.inFlight);
  auto place = solved.find(key);
  if (place != solved.end())
    return place->second;
  ChainPlan plan = solveLonger(counts, begin, end);
  return solved.try_emplace(key, std::move(plan)).first->second;
}

double PointSolver::timeOf(unsigned stage, unsigned begin, unsigned end) {
  const ChainPlan &plan = solve(stage, begin, end);
  if (!plan.fits)
    return kInfinity;
  const Parts &total = plan.total;
  double send = sendTime(laid().chain->cutBytes(plan, laid().mesh));
  auto batches = static_cast<double>(point.microBatches);
  return total.forward + total.backward + total.exchange +
         (stage > 0 ? 2 * send : 0) +
         onceOf(counting(stage, 1), total) / batches;
}

double PointSolver::lowerTimeOf(unsigned stage, unsigned begin, unsigned end) {
  const ChainPlan &plan = solve(stage, begin, end);
  if (!plan.fits)
    return kInfinity;
  return plan.lowerBound / static_cast<double>(point.microBatches);
}

simulator::Pipeline PointSolver::pipelineOf(const StageSplit &split) {
  simulator::Pipeline pipeline;
  pipeline.schedule = schedule;
  pipeline.transfers = space.machine.overlap.coreShare > 0
                           ? simulator::Transfers::Blocking
                           : simulator::Transfers::Overlapped;
  pipeline.microBatches = point.microBatches;
  // What the first stage gets where parts are interleaved is as large as what
  // the second does.
  unsigned begin = 0;
  SmallVector<int64_t> cuts;
  for (auto [number, end] : llvm::enumerate(split.ends)) {
    cuts.push_back(
        laid().chain->cutBytes(solve(number, begin, end), laid().mesh));
    begin = end;
  }
  if (point.pp > 1)
    cuts.front() = cuts[1];
  begin = 0;
  auto parts = static_cast<double>(point.chunks);
  for (auto [number, end] : llvm::enumerate(split.ends)) {
    const ChainPlan &plan = solve(number, begin, end);
    const Parts &total = plan.total;
    Counting counts = counting(number, 1);
    simulator::Stage stage;
    simulator::Chunk chunk;
    chunk.forwardUs = (total.forward + total.forwardExchange) / parts;
    chunk.backwardUs =
        (total.backward + total.exchange - total.forwardExchange) / parts;
    chunk.sentForward = cuts[(number + 1) % cuts.size()];
    chunk.sentBackward = cuts[number];
    chunk.sendForwardUs = sendTime(chunk.sentForward);
    chunk.sendBackwardUs = sendTime(chunk.sentBackward);
    chunk.activations = total.saved / point.chunks;
    chunk.forwardTransient = chunk.backwardTransient = total.transient;
    stage.chunks.assign(point.chunks, chunk);
    stage.held = counts.parameters(total) + counts.gradients(total) +
                 counts.state(total);
    stage.syncUs = exposedSync(counts, total);
    stage.updateUs = counts.update(total);
    pipeline.stages.push_back(stage);
    begin = end;
  }
  return pipeline;
}

PlannedMemory PointSolver::memoryOf(unsigned stage, const Parts &total) const {
  Counting counts = counting(stage, 1);
  return {counts.parameters(total), counts.gradients(total),
          counts.state(total), counts.inFlight * total.saved / counts.chunks,
          total.transient};
}

/// Layers go evenly to the stages; the first one needs the most of them.
std::optional<Candidate> PointSolver::smallest() {
  Candidate candidate;
  candidate.point = point;
  auto stages = static_cast<unsigned>(point.pp);
  for (unsigned stage = 0; stage < stages; ++stage) {
    unsigned begin = space.units() * stage / stages,
             end = space.units() * (stage + 1) / stages;
    ChainPlan plan =
        laid().chain->solve(begin, end, counting(stage, 1), /*limit=*/0);
    if (plan.units.empty())
      return std::nullopt;
    PlannedMemory memory = memoryOf(stage, plan.total);
    if (memory.total() > candidate.memory.total())
      candidate.memory = memory;
  }
  return candidate;
}

Candidate PointSolver::finish(const PipelineChoice &choice) {
  const StageSplit &split = choice.split;
  Candidate candidate;
  candidate.point = point;
  simulator::Pipeline pipeline = pipelineOf(split);
  candidate.time.cost = choice.time;
  llvm::Expected<simulator::Timeline> timeline = simulator::simulate(pipeline);
  if (!timeline)
    llvm::report_fatal_error(timeline.takeError());
  candidate.time.step = timeline->makespan;
  candidate.timeline = std::move(*timeline);
  auto batches = static_cast<double>(point.microBatches);
  unsigned begin = 0;
  double busiest = 0;
  ChainPlan whole;
  for (auto [number, end] : llvm::enumerate(split.ends)) {
    const ChainPlan &plan = solve(number, begin, end);
    const Parts &total = plan.total;
    Counting counts = counting(number, 1);
    PlannedStage stage;
    stage.units = end - begin;
    stage.microBatch = total.forward + total.backward + total.exchange;
    stage.memory = memoryOf(number, total);
    if (stage.memory.total() > candidate.memory.total())
      candidate.memory = stage.memory;
    double sync = exposedSync(counts, total);
    double busy = batches * stage.microBatch + counts.update(total) + sync;
    if (busy > busiest) {
      busiest = busy;
      candidate.time.compute =
          batches * (total.forward + total.backward) + counts.update(total);
      candidate.time.exchange = batches * total.exchange;
      candidate.time.sync = sync;
    }
    candidate.stages.push_back(stage);
    whole.units.insert(whole.units.end(), plan.units.begin(), plan.units.end());
    begin = end;
  }
  candidate.time.bubble = std::max(0.0, candidate.time.step - busiest);
  candidate.plan.mesh = {{"dp", point.dp}, {"tp", point.tp}};
  if (point.pp > 1)
    candidate.plan.mesh.insert(candidate.plan.mesh.begin(), {"pp", point.pp});
  if (space.request.training) {
    candidate.plan.storage = StoragePlan{point.zero, {"dp"}};
    candidate.plan.microBatches = point.microBatches;
  }
  writePlan(space.program, *laid().chain, whole, split.ends, laid().mesh,
            candidate);
  return candidate;
}
