//===- Pipeline.cpp - Plays the stages of a pipeline ------------*- C++ -*-===//

#include "vescale/Simulator/Pipeline.h"
#include "vescale/Simulator/TaskGraph.h"

using namespace vescale::simulator;

ScheduleShape Pipeline::shape() const {
  ScheduleShape shape;
  shape.stages = stages.size();
  shape.microBatches = microBatches;
  shape.chunks = stages.empty() ? 0 : stages.front().chunks.size();
  return shape;
}

namespace {
/// The tasks of a pipeline's step.
class StepBuilder {
public:
  StepBuilder(const Pipeline &pipeline, const ScheduleShape &shape)
      : pipeline(pipeline), shape(shape) {}

  TaskGraph build(llvm::ArrayRef<std::vector<Action>> schedule);

private:
  struct Tracks {
    TrackId compute, communication, sends, receives;
  };
  static constexpr TaskId kNone = ~TaskId(0);

  void addTracks();
  void addOnce(const char *name, EventKind kind, unsigned stage, double us);
  void act(unsigned stage, const Action &action);
  void send(unsigned stage, const Action &action, TaskId computed);
  /// Adds the edges of what one chunk computes and another waits for.
  void connect();

  /// A chunk's place in the order of the model.
  size_t placeOf(unsigned stage, unsigned chunk) const {
    return size_t(chunk) * shape.stages + stage;
  }
  size_t numPlaces() const { return size_t(shape.stages) * shape.chunks; }
  size_t slot(size_t place, uint32_t microBatch) const {
    return place * shape.microBatches + microBatch;
  }

  const Pipeline &pipeline;
  ScheduleShape shape;
  TaskGraph graph;
  std::vector<Tracks> tracks;
  /// By kind of action, then by place and micro-batch: what computes it, and
  /// what its result has come with.
  std::vector<TaskId> computed[2], come[2];
  std::vector<uint32_t> names[2];
  uint32_t sendNames[2];
};
} // namespace

void StepBuilder::addTracks() {
  for (unsigned stage = 0; stage < shape.stages; ++stage) {
    std::string name = "stage " + std::to_string(stage);
    auto add = [&](const char *what, TrackKind kind) {
      return graph.addTrack(name + what, kind, stage);
    };
    tracks.push_back({add("", TrackKind::Compute),
                      add(" communicates", TrackKind::Communication),
                      add(" sends", TrackKind::Link),
                      add(" receives", TrackKind::Link)});
    graph.addMemory(stage, pipeline.stages[stage].held);
  }
  for (unsigned chunk = 0; chunk < shape.chunks; ++chunk) {
    std::string of =
        shape.chunks > 1 ? " of chunk " + std::to_string(chunk) : "";
    names[Action::Forward].push_back(graph.intern("forward" + of));
    names[Action::Backward].push_back(graph.intern("backward" + of));
  }
  sendNames[Action::Forward] = graph.intern("send result");
  sendNames[Action::Backward] = graph.intern("send gradient");
}

/// Nothing else goes on meanwhile, so it has the stage to itself.
void StepBuilder::addOnce(const char *name, EventKind kind, unsigned stage,
                          double us) {
  if (us == 0)
    return;
  llvm::SmallVector<TrackId, 2> on{tracks[stage].compute};
  if (isCommunication(kind))
    on.push_back(tracks[stage].communication);
  graph.addTask({us, graph.intern(name), kind}, on);
}

void StepBuilder::act(unsigned stage, const Action &action) {
  bool isForward = action.kind == Action::Forward;
  const Chunk &chunk = pipeline.stages[stage].chunks[action.chunk];
  Task task{isForward ? chunk.forwardUs : chunk.backwardUs,
            names[action.kind][action.chunk],
            isForward ? EventKind::Forward : EventKind::Backward,
            static_cast<int32_t>(action.microBatch)};
  TaskId id = graph.addTask(task, tracks[stage].compute);
  int64_t transient =
      isForward ? chunk.forwardTransient : chunk.backwardTransient;
  graph.addMemory(id, stage, transient + (isForward ? chunk.activations : 0),
                  -transient - (isForward ? 0 : chunk.activations));
  size_t at = slot(placeOf(stage, action.chunk), action.microBatch);
  computed[action.kind][at] = come[action.kind][at] = id;
  send(stage, action, id);
}

void StepBuilder::send(unsigned stage, const Action &action, TaskId computed) {
  bool isForward = action.kind == Action::Forward;
  size_t place = placeOf(stage, action.chunk);
  if (shape.stages == 1 || place == (isForward ? numPlaces() - 1 : 0))
    return;
  const Chunk &chunk = pipeline.stages[stage].chunks[action.chunk];
  Task task{isForward ? chunk.sendForwardUs : chunk.sendBackwardUs,
            sendNames[action.kind], EventKind::Transfer,
            static_cast<int32_t>(action.microBatch),
            isForward ? chunk.sentForward : chunk.sentBackward};
  if (task.us == 0)
    return;
  unsigned to = (isForward ? place + 1 : place - 1) % shape.stages;
  llvm::SmallVector<TrackId, 3> on{tracks[stage].sends, tracks[to].receives};
  if (pipeline.transfers == Transfers::Blocking)
    on.push_back(tracks[stage].compute);
  TaskId id = graph.addTask(task, on);
  graph.addDependency(computed, id);
  come[action.kind][slot(place, action.microBatch)] = id;
}

void StepBuilder::connect() {
  for (size_t place = 0; place < numPlaces(); ++place)
    for (uint32_t one = 0; one < shape.microBatches; ++one) {
      size_t here = slot(place, one);
      if (place + 1 == numPlaces()) {
        graph.addDependency(computed[Action::Forward][here],
                            computed[Action::Backward][here]);
        continue;
      }
      size_t next = slot(place + 1, one);
      graph.addDependency(come[Action::Forward][here],
                          computed[Action::Forward][next]);
      graph.addDependency(come[Action::Backward][next],
                          computed[Action::Backward][here]);
    }
}

TaskGraph StepBuilder::build(llvm::ArrayRef<std::vector<Action>> schedule) {
  addTracks();
  for (auto kind : {Action::Forward, Action::Backward}) {
    computed[kind].assign(numPlaces() * shape.microBatches, kNone);
    come[kind] = computed[kind];
  }
  for (unsigned stage = 0; stage < shape.stages; ++stage) {
    const Stage &what = pipeline.stages[stage];
    addOnce("gather parameters", EventKind::Collective, stage, what.gatherUs);
    for (const Action &action : schedule[stage])
      act(stage, action);
    addOnce("reduce gradients", EventKind::Collective, stage, what.syncUs);
    addOnce("update", EventKind::Update, stage, what.updateUs);
  }
  connect();
  return std::move(graph);
}

llvm::Expected<Timeline>
vescale::simulator::simulate(const Pipeline &pipeline) {
  ScheduleShape shape = pipeline.shape();
  for (size_t stage = 0; stage < pipeline.stages.size(); ++stage)
    if (pipeline.stages[stage].chunks.size() != shape.chunks)
      return llvm::createStringError(
          "stage %zu has %zu chunks, and stage 0 has %u", stage,
          pipeline.stages[stage].chunks.size(), shape.chunks);
  auto schedule = makeSchedule(pipeline.schedule, shape);
  if (!schedule)
    return schedule.takeError();
  return play(StepBuilder(pipeline, shape).build(*schedule));
}
