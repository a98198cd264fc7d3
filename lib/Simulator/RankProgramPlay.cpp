//===- RankProgramPlay.cpp - How long a lowered program takes ---*- C++ -*-===//
//
//   1. What is run: the entries of a step, each so many times.
//   2. The time of each step, with the cache as a run before has left it.
//   3. A graph of tasks: work on one track, transfers on another, both in the
//      program's order. A transfer follows the work before its start; the work
//      behind its wait follows it.
//   4. The player of TaskGraph.h sets when what happens. What a transfer takes
//      of the rank's own cores is the machine's `overlap`.
//
//===----------------------------------------------------------------------===//

#include "lib/Simulator/RankProgramTimes.h"
#include "vescale/Simulator/RankProgram.h"
#include "vescale/Simulator/TaskGraph.h"
#include "vescale/Support/Location.h"
#include "vescale/Train/TrainFile.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using namespace vescale::simulator;

namespace {

/// The steps of an entry, by their numbers in the program.
struct Entry {
  std::string name;
  int64_t runs = 0;
  int64_t begin = 0, end = 0;
};

llvm::Expected<int64_t> countMicroBatches(ModuleOp module) {
  auto train = module->getAttrOfType<StringAttr>(graph::kTrainAttr);
  if (!train)
    return 1;
  llvm::Expected<TrainFile> file =
      parseTrainFile(train.getValue(), graph::kTrainAttr);
  if (!file)
    return file.takeError();
  return file->microBatches;
}

/// What the runtime runs for a step: of an entry "accumulate" one run for each
/// micro-batch but the last, which is "main"'s.
std::vector<Entry> findEntries(ProgramOp program, int64_t microBatches) {
  std::vector<Entry> entries = {
      {graph::kAccumulateName.str(), microBatches - 1}, {"main", 1}};
  auto inside = entries.end();
  int64_t number = 0;
  for (Operation &op : program.getBody().front()) {
    if (auto entry = dyn_cast<EntryOp>(op)) {
      inside = llvm::find_if(entries, [&](const Entry &each) {
        return each.name == entry.getName();
      });
      if (inside != entries.end())
        inside->begin = number;
    }
    if (!isa<StepOpInterface>(op))
      continue;
    ++number;
    if (inside != entries.end())
      inside->end = number;
  }
  // Without micro-batches there is nothing to accumulate.
  llvm::erase_if(entries, [](const Entry &each) { return each.runs == 0; });
  return entries;
}

std::string nameOf(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  if (auto origin = op->getAttrOfType<StringAttr>("origin"))
    name += (" (" + origin.getValue() + ")").str();
  std::string place = describeLocation(op->getLoc());
  return place.empty() ? name : place + ": " + name;
}

class Play {
public:
  Play(ProgramOp program, std::vector<Entry> entries, const Machine &machine)
      : machine(machine), entries(std::move(entries)),
        compute(graph.addTrack("compute", TrackKind::Compute, 0)),
        communication(
            graph.addTrack("communication", TrackKind::Communication, 0)) {
    for (Operation &op : program.getBody().front())
      if (isa<StepOpInterface>(op))
        work.push_back(workOf(&op));
    for (const Lifetime &lifetime : computeLifetimes(program))
      addLifetime(lifetime);
  }

  llvm::Error run(Prediction &prediction) {
    for (const StepWork &step : work)
      if (std::string missing = findMissing(step, machine); !missing.empty())
        return llvm::createStringError(machine.name + ": " + missing);
    findTimes(prediction);
    graph.addMemory(0, held);
    for (const Entry &entry : entries)
      for (int64_t run = 0; run < entry.runs; ++run)
        for (int64_t step = entry.begin; step < entry.end; ++step)
          addStep(step);
    llvm::Expected<Timeline> timeline =
        play(graph, Contention(machine.overlap));
    if (!timeline)
      return timeline.takeError();
    prediction.timeline = std::move(*timeline);
    addUp(prediction);
    return llvm::Error::success();
  }

private:
  void addLifetime(const Lifetime &lifetime) {
    if (lifetime.first < 0) {
      held += lifetime.bytes;
      return;
    }
    taken[lifetime.first] += lifetime.bytes;
    given[lifetime.last] += lifetime.bytes;
  }

  /// In the second of two turns the cache is as a step before leaves it.
  void findTimes(Prediction &prediction) {
    Cache cache(machine.device);
    double nowUs = 0;
    times.resize(work.size());
    for (int turn = 0; turn < 2; ++turn)
      for (const Entry &entry : entries)
        for (int64_t step = entry.begin; step < entry.end; ++step) {
          Traffic traffic = cache.touch(work[step].accesses, nowUs);
          Traffic epilogue = cache.touch(work[step].epilogueAccesses, nowUs);
          auto collective = dyn_cast<CollectiveOp>(work[step].op);
          times[step] = collective
                            ? transferTime(collective, machine)
                            : timeOf(work[step], traffic, epilogue, machine);
          nowUs += times[step].us;
        }
    for (const Entry &entry : entries)
      for (int64_t step = entry.begin; step < entry.end; ++step)
        prediction.steps.push_back(
            {work[step].op, step, times[step].us, times[step].why});
  }

  void addStep(int64_t step) {
    Operation *op = work[step].op;
    TaskId changed; // by whose time memory is taken and given back
    if (auto wait = dyn_cast<WaitOp>(op)) {
      changed = transfers.at(wait.getCollective());
      waitedFor.push_back(changed);
    } else if (auto collective = dyn_cast<CollectiveOp>(op)) {
      Task task{times[step].us, graph.intern(nameOf(op)), EventKind::Collective,
                -1, bytesToEach(collective)};
      changed = transfers[op] = graph.addTask(task, communication);
      if (lastWork)
        graph.addDependency(*lastWork, changed);
      for (TaskId other : waitedFor)
        graph.addDependency(other, changed);
    } else {
      Task task{times[step].us, graph.intern(nameOf(op))};
      changed = graph.addTask(task, compute);
      for (TaskId other : waitedFor)
        graph.addDependency(other, changed);
      waitedFor.clear();
      lastWork = changed;
    }
    int64_t atStart = taken.lookup(step), atEnd = given.lookup(step);
    if (atStart || atEnd)
      graph.addMemory(changed, 0, atStart, -atEnd);
  }

  void addUp(Prediction &prediction) {
    prediction.stepUs = prediction.timeline.makespan;
    llvm::MapVector<Attribute, int64_t> sent;
    for (const Entry &entry : entries) {
      prediction.entries.emplace_back(entry.name, entry.runs);
      auto runs = static_cast<double>(entry.runs);
      for (int64_t step = entry.begin; step < entry.end; ++step) {
        auto collective = dyn_cast<CollectiveOp>(work[step].op);
        (collective ? prediction.transferUs : prediction.computeUs) +=
            runs * times[step].us;
        if (!collective)
          continue;
        auto groups = collective->getParentOfType<ProgramOp>().getGroups();
        sent[groups[collective.getGroup()]] +=
            entry.runs * bytesToEach(collective);
      }
    }
    for (auto [group, bytes] : sent)
      prediction.sent.push_back({cast<GroupAttr>(group), bytes});
    prediction.exposedUs = prediction.stepUs - prediction.computeUs;
    prediction.liveBytes = prediction.timeline.ranks[0].peakMemory;
  }

  const Machine &machine;
  std::vector<Entry> entries;
  std::vector<StepWork> work; // by number
  std::vector<StepTime> times;
  TaskGraph graph;
  TrackId compute, communication;
  int64_t held = 0;
  DenseMap<int64_t, int64_t> taken, given; // bytes, by step
  llvm::DenseMap<Operation *, TaskId> transfers;
  std::optional<TaskId> lastWork;
  SmallVector<TaskId> waitedFor; // since that
};

/// Names a kernel that a step calls and the module lacks; empty if it has all.
StringRef findMissingKernel(ProgramOp program) {
  for (Operation &op : program.getBody().front())
    for (StringRef name : {"kernel", "epilogue"})
      if (auto symbol = op.getAttrOfType<FlatSymbolRefAttr>(name))
        if (!SymbolTable::lookupNearestSymbolFrom(
                program->getParentOfType<ModuleOp>(), symbol))
          return symbol.getValue();
  return {};
}

} // namespace

llvm::Expected<Prediction> simulator::predictStep(ModuleOp module,
                                                  const Machine &machine) {
  auto programs = module.getOps<ProgramOp>();
  if (!llvm::hasSingleElement(programs))
    return llvm::createStringError("the module has no program, or several");
  ProgramOp program = *programs.begin();
  int64_t ranks = program.getMesh().getNumRanks();
  if (ranks > machine.devices)
    return llvm::createStringError(
        llvm::formatv("{0}: has {1} devices, the mesh {2} ranks", machine.name,
                      machine.devices, ranks));
  if (!program.getArenaBytes() || !program.getCommBytes())
    return llvm::createStringError(
        "the program has no arena layout; run rank-plan-arena");
  if (StringRef kernel = findMissingKernel(program); !kernel.empty())
    return llvm::createStringError("the kernel @" + kernel + " is not there");
  llvm::Expected<int64_t> microBatches = countMicroBatches(module);
  if (!microBatches)
    return microBatches.takeError();
  Prediction prediction;
  prediction.machine = machine.name;
  prediction.threads = machine.device.threads;
  prediction.arenaBytes = *program.getArenaBytes();
  prediction.commBytes = *program.getCommBytes();
  Play play(program, findEntries(program, *microBatches), machine);
  if (llvm::Error error = play.run(prediction))
    return error;
  return prediction;
}
