// Ascending views: sequences of increasing runs of a tensor's elements.
//
// A tensor's elements are numbered in row-major order. A view whose row-major
// order leads through them forwards (isAscending, core/Runs.h) is a sequence of
// runs; so any two views of a tensor can be merged like sorted lists, which is
// all that loading into another layout takes.
#ifndef VESCALE_RUNTIME_CHECKPOINT_VIEWS_H
#define VESCALE_RUNTIME_CHECKPOINT_VIEWS_H

#include <cstdint>
#include <functional>
#include <vector>

namespace vescale::runtime {

/// An ascending view, in elements.
struct Box {
  int64_t offset = 0;
  std::vector<int64_t> sizes, strides;

  /// All of a tensor.
  static Box whole(const std::vector<int64_t> &shape);
  /// The elements [begin, end) of a tensor.
  static Box range(int64_t begin, int64_t end);

  int64_t elements() const;
  int64_t end() const; // one past the last element
  /// The element at a position of the view, in its row-major order.
  int64_t at(int64_t position) const;
  bool operator==(const Box &other) const;
};

/// The elements [begin, end) of a tensor, which lie in a row from element `at`
/// of some buffer on.
struct Run {
  int64_t begin, end, at;
};

/// Walks a view's runs.
class RunCursor {
public:
  /// `placeStrides` says where the view's elements lie in a buffer.
  RunCursor(const Box &box, const std::vector<int64_t> &placeStrides);
  /// The buffer is dense.
  explicit RunCursor(const Box &box);

  bool done() const { return isDone; }
  const Run &run() const { return current; }
  void next();
  /// On to the first run that ends after `element`, if it is not here yet.
  void seek(int64_t element);

private:
  struct Dim {
    int64_t size, stride, place, index;
  };
  void carry(size_t dim);
  void locate();

  int64_t offset, length;
  std::vector<Dim> dims; // outermost first, without the run's own
  Run current{0, 0, 0};
  bool isDone = false;
};

/// Walks what two views share.
class SharedRuns {
public:
  SharedRuns(RunCursor left, RunCursor right);

  bool done() const { return isDone; }
  int64_t elements() const { return count; }
  int64_t leftAt() const { return left.run().at + (begin - left.run().begin); }
  int64_t rightAt() const {
    return right.run().at + (begin - right.run().begin);
  }
  /// Leaves the first `elements` of the shared run behind.
  void advance(int64_t elements);
  /// On to the first run with elements from `element` on.
  void seek(int64_t element);

private:
  void find();

  RunCursor left, right;
  int64_t begin = 0, count = 0;
  bool isDone = false;
};

/// Calls `gap` for the runs of [0, elements) that no box has, in order, and
/// `overlap` with an element that two boxes have and with these, for each such
/// pair that is met.
void forEachGap(const std::vector<const Box *> &boxes, int64_t elements,
                const std::function<void(int64_t, int64_t)> &gap,
                const std::function<void(int64_t, size_t, size_t)> &overlap);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_VIEWS_H
