// Walks ascending views and merges them.
#include "runtime/checkpoint/Views.h"

#include "runtime/core/Runs.h"
#include "runtime/core/StridedCopy.h"

#include <algorithm>
#include <queue>

namespace vescale::runtime {

Box Box::whole(const std::vector<int64_t> &shape) {
  return {0, shape, denseStrides(shape)};
}

Box Box::range(int64_t begin, int64_t end) {
  return {begin, {end - begin}, {1}};
}

int64_t Box::elements() const {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

int64_t Box::end() const { return viewEnd(sizes, offset, strides); }

int64_t Box::at(int64_t position) const {
  int64_t element = offset;
  for (size_t dim = sizes.size(); dim-- > 0;) {
    element += position % sizes[dim] * strides[dim];
    position /= sizes[dim];
  }
  return element;
}

bool Box::operator==(const Box &other) const {
  return offset == other.offset && sizes == other.sizes &&
         strides == other.strides;
}

RunCursor::RunCursor(const Box &box)
    : RunCursor(box, denseStrides(box.sizes)) {}

RunCursor::RunCursor(const Box &box, const std::vector<int64_t> &placeStrides)
    : offset(box.offset), length(1) {
  for (size_t dim = 0; dim < box.sizes.size(); ++dim) {
    isDone |= box.sizes[dim] == 0;
    if (box.sizes[dim] != 1)
      dims.push_back({box.sizes[dim], box.strides[dim], placeStrides[dim], 0});
  }
  // Dimensions that continue each other, in tensor and buffer, are one run.
  while (!dims.empty() && dims.back().stride == length &&
         dims.back().place == length) {
    length *= dims.back().size;
    dims.pop_back();
  }
  if (!isDone)
    locate();
}

void RunCursor::locate() {
  current = {offset, 0, 0};
  for (const Dim &dim : dims) {
    current.begin += dim.index * dim.stride;
    current.at += dim.index * dim.place;
  }
  current.end = current.begin + length;
}

/// Steps along the dimensions above `dim`; those from `dim` on start anew.
void RunCursor::carry(size_t dim) {
  for (size_t inner = dim; inner < dims.size(); ++inner)
    dims[inner].index = 0;
  while (dim > 0) {
    --dim;
    if (++dims[dim].index < dims[dim].size)
      return;
    dims[dim].index = 0;
  }
  isDone = true;
}

void RunCursor::next() {
  carry(dims.size());
  if (!isDone)
    locate();
}

void RunCursor::seek(int64_t element) {
  if (isDone || element < current.end)
    return;
  int64_t rest = element - offset; // >= 0: past the first run
  for (size_t dim = 0; dim < dims.size(); ++dim) {
    int64_t index = rest / dims[dim].stride;
    if (index >= dims[dim].size) {
      // Past the last element below the indices found so far.
      carry(dim);
      if (!isDone)
        locate();
      return;
    }
    dims[dim].index = index;
    rest -= index * dims[dim].stride;
  }
  if (rest >= length)
    return next();
  locate();
}

SharedRuns::SharedRuns(RunCursor left, RunCursor right)
    : left(std::move(left)), right(std::move(right)) {
  find();
}

void SharedRuns::find() {
  while (!left.done() && !right.done()) {
    begin = std::max({begin, left.run().begin, right.run().begin});
    int64_t end = std::min(left.run().end, right.run().end);
    if (begin < end) {
      count = end - begin;
      return;
    }
    left.seek(begin);
    right.seek(begin);
  }
  isDone = true;
  count = 0;
}

void SharedRuns::advance(int64_t elements) {
  begin += elements;
  count -= elements;
  if (count == 0)
    find();
}

void SharedRuns::seek(int64_t element) {
  if (isDone || element <= begin)
    return;
  begin = element;
  find();
}

void forEachGap(const std::vector<const Box *> &boxes, int64_t elements,
                const std::function<void(int64_t, int64_t)> &gap,
                const std::function<void(int64_t, size_t, size_t)> &overlap) {
  std::vector<RunCursor> cursors;
  using Next = std::pair<int64_t, size_t>; // a run's begin, its box
  std::priority_queue<Next, std::vector<Next>, std::greater<>> queue;
  for (size_t i = 0; i < boxes.size(); ++i) {
    cursors.emplace_back(*boxes[i]);
    if (!cursors[i].done())
      queue.emplace(cursors[i].run().begin, i);
  }
  int64_t covered = 0;
  size_t last = 0;
  while (!queue.empty()) {
    size_t box = queue.top().second;
    queue.pop();
    const Run &run = cursors[box].run();
    if (run.begin > covered)
      gap(covered, run.begin);
    if (run.begin < covered)
      overlap(run.begin, last, box);
    if (run.end > covered) {
      covered = run.end;
      last = box;
    }
    cursors[box].next();
    if (!cursors[box].done())
      queue.emplace(cursors[box].run().begin, box);
  }
  if (covered < elements)
    gap(covered, elements);
}

} // namespace vescale::runtime
