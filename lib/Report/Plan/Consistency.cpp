//===- Consistency.cpp - What fields say of each other ----------*- C++ -*-===//

#include "lib/Report/Plan/Document.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace vescale;
using namespace vescale::shape;

// Fields are there: the document's form was checked.
static const json::Array *listOf(const json::Object &object, StringRef name) {
  return object.getArray(name);
}
static int64_t integerOf(const json::Object &object, StringRef name) {
  return *object.getInteger(name);
}
static const json::Object &objectAt(const json::Array &array, size_t index) {
  return *array[index].getAsObject();
}

/// Levels hold each other, and the outermost all devices.
static Error checkLevels(const json::Object &cluster, const Where &where) {
  const json::Array &levels = *listOf(cluster, "levels");
  Where list{&where, "levels"};
  int64_t inside = 1;
  for (size_t index = 0; index < levels.size(); ++index) {
    int64_t devices = integerOf(objectAt(levels, index), "devices");
    Where at{&list, "", index};
    if (devices % inside != 0)
      return Where{&at, "devices"}.error(Twine(devices) +
                                         " are no whole groups of the " +
                                         Twine(inside) + " inside");
    inside = devices;
  }
  int64_t all = integerOf(cluster, "devices");
  if (inside != all)
    return list.error("the last holds " + Twine(inside) + " of " + Twine(all) +
                      " devices");
  return Error::success();
}

/// A plan's axes by name, no more ranks than devices.
static Expected<StringMap<int64_t>>
axesOf(const json::Object &plan, int64_t devices, const Where &where) {
  const json::Array &mesh = *listOf(plan, "mesh");
  Where list{&where, "mesh"};
  StringMap<int64_t> axes;
  int64_t ranks = 1;
  for (size_t index = 0; index < mesh.size(); ++index) {
    const json::Object &axis = objectAt(mesh, index);
    Where at{&list, "", index};
    StringRef name = *axis.getString("axis");
    int64_t size = integerOf(axis, "size");
    if (!axes.try_emplace(name, size).second)
      return Where{&at, "axis"}.error("\"" + name + "\" is listed twice");
    if (size > devices / ranks)
      return list.error("has more ranks than the cluster's " + Twine(devices) +
                        " devices");
    ranks *= size;
  }
  return axes;
}

/// An axis, or a part of one as a plan file writes it: "tp:(1)2".
static Error checkAxis(const json::Value &name, const StringMap<int64_t> &axes,
                       const Where &where) {
  StringRef axis = *name.getAsString();
  if (!axes.contains(axis.split(':').first))
    return where.error("\"" + axis + "\" is no axis of the mesh");
  return Error::success();
}

static Error checkTensor(const json::Object &tensor,
                         const StringMap<int64_t> &axes, const Where &where) {
  const json::Array &dims = *listOf(tensor, "dims");
  Where list{&where, "dims"};
  size_t rank = listOf(tensor, "shape")->size();
  if (dims.size() != rank)
    return list.error("has " + Twine(dims.size()) + " dimensions, the shape " +
                      Twine(rank));
  for (size_t dim = 0; dim < dims.size(); ++dim) {
    Where at{&list, "", dim};
    const json::Array &names = *dims[dim].getAsArray();
    for (size_t index = 0; index < names.size(); ++index)
      if (Error error = checkAxis(names[index], axes, {&at, "", index}))
        return error;
  }
  Where partial{&where, "partial"};
  if (const json::Object *open = tensor.getObject("partial"))
    for (const auto &[axis, kind] : *open)
      if (Error error =
              checkAxis(StringRef(axis), axes, {&partial, StringRef(axis)}))
        return error;
  return Error::success();
}

static Error checkLayers(const json::Array &layers,
                         const StringMap<int64_t> &axes, int64_t stages,
                         const Where &where) {
  for (size_t index = 0; index < layers.size(); ++index) {
    const json::Object &layer = objectAt(layers, index);
    Where at{&where, "", index}, list{&at, "tensors"};
    std::optional<int64_t> stage = layer.getInteger("stage");
    if (stage && *stage >= stages)
      return Where{&at, "stage"}.error("there are " + Twine(stages));
    const json::Array &tensors = *listOf(layer, "tensors");
    for (size_t tensor = 0; tensor < tensors.size(); ++tensor)
      if (Error error =
              checkTensor(objectAt(tensors, tensor), axes, {&list, "", tensor}))
        return error;
  }
  return Error::success();
}

/// An index into a list of so many.
static Error checkIndex(const json::Value &value, size_t size,
                        const Where &where) {
  if (*value.getAsInteger() >= int64_t(size))
    return where.error("there are " + Twine(size));
  return Error::success();
}

static Error checkTimeline(const json::Object &timeline, const Where &where) {
  size_t names = listOf(timeline, "names")->size(),
         kinds = listOf(timeline, "kinds")->size();
  const json::Array &ranks = *listOf(timeline, "ranks");
  Where list{&where, "ranks"};
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    Where atRank{&list, "", rank}, inside{&atRank, "tracks"};
    const json::Array &tracks = *listOf(objectAt(ranks, rank), "tracks");
    for (size_t track = 0; track < tracks.size(); ++track) {
      Where atTrack{&inside, "", track}, of{&atTrack, "events"};
      const json::Array &events = *listOf(objectAt(tracks, track), "events");
      for (size_t index = 0; index < events.size(); ++index) {
        const json::Array &event = *events[index].getAsArray();
        Where at{&of, "", index};
        if (Error error = checkIndex(event[0], names, {&at, "", 0}))
          return error;
        if (Error error = checkIndex(event[1], kinds, {&at, "", 1}))
          return error;
      }
    }
  }
  return Error::success();
}

static Error checkCommunication(const json::Object &matrix,
                                const Where &where) {
  size_t groups = listOf(matrix, "groups")->size();
  const json::Array &flows = *listOf(matrix, "bytes");
  Where list{&where, "bytes"};
  for (size_t index = 0; index < flows.size(); ++index) {
    const json::Array &flow = *flows[index].getAsArray();
    Where at{&list, "", index};
    for (size_t end : {0, 1})
      if (Error error = checkIndex(flow[end], groups, {&at, "", end}))
        return error;
  }
  return Error::success();
}

static Error checkPlan(const json::Object &plan, int64_t devices,
                       const Where &where) {
  Expected<StringMap<int64_t>> axes = axesOf(plan, devices, where);
  if (!axes)
    return axes.takeError();
  int64_t stages = 1;
  Where pipeline{&where, "pipeline"};
  if (const json::Object *object = plan.getObject("pipeline")) {
    const json::Value &axis = *object->get("axis");
    if (Error error = checkAxis(axis, *axes, {&pipeline, "axis"}))
      return error;
    stages = axes->lookup(*axis.getAsString());
  }
  Where zeroAxes{&where, "zero_axes"};
  if (const json::Array *names = listOf(plan, "zero_axes"))
    for (size_t index = 0; index < names->size(); ++index)
      if (Error error =
              checkAxis((*names)[index], *axes, {&zeroAxes, "", index}))
        return error;
  if (const json::Array *layers = listOf(plan, "layers"))
    if (Error error = checkLayers(*layers, *axes, stages, {&where, "layers"}))
      return error;
  if (const json::Object *timeline = plan.getObject("timeline"))
    if (Error error = checkTimeline(*timeline, {&where, "timeline"}))
      return error;
  if (const json::Object *matrix = plan.getObject("communication"))
    if (Error error = checkCommunication(*matrix, {&where, "communication"}))
      return error;
  return Error::success();
}

Error vescale::checkConsistency(const json::Object &report) {
  Where root, plansAt{&root, "plans"};
  const json::Object &cluster = *report.getObject("cluster");
  if (Error error = checkLevels(cluster, {&root, "cluster"}))
    return error;
  const json::Array &plans = *listOf(report, "plans");
  int64_t devices = integerOf(cluster, "devices");
  for (size_t index = 0; index < plans.size(); ++index)
    if (Error error =
            checkPlan(objectAt(plans, index), devices, {&plansAt, "", index}))
      return error;
  if (const json::Object *measured = report.getObject("measured")) {
    Where at{&root, "measured"};
    if (Error error =
            checkIndex(*measured->get("plan"), plans.size(), {&at, "plan"}))
      return error;
    if (const json::Object *timeline = measured->getObject("timeline"))
      return checkTimeline(*timeline, {&at, "timeline"});
  }
  return Error::success();
}
