//===- KnownMask.cpp - Which keys are visible, as far as known --*- C++ -*-===//
//
// A comparison of something that only grows, or only falls, along the keys with
// something that is the same for all keys of a row holds for a range of keys,
// whose ends are found by bisection.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/KnownMask.h"
#include "dialects/Graph/Comparison.h"
#include "passes/Prepare/Match.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

KnownMask::KnownMask(AttentionOp op)
    : shape(shapeOf(op.getMask())), queries(shapeOf(op.getQuery())[2]),
      keys(shapeOf(op.getKey())[2]), causal(op.getCausal()),
      window(op.getWindow()) {}

bool KnownMask::add(Value condition) {
  if (std::optional<Ranges> known = rangesOf(condition)) {
    ranges.push_back(std::move(*known));
    return true;
  }
  if (!isReadable() || !values.isKnown(condition))
    return false;
  elements.push_back({values.read(condition, shape), false});
  return true;
}

void KnownMask::addZeros(Value summand) {
  elements.push_back({values.read(summand, shape), true});
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

static bool isSizeOne(int64_t size) { return size == 1; }

/// A known value in the mask's shape, if that is only a matter of dimensions of
/// size 1; nothing of the mask's size is made.
std::optional<KnownView> KnownMask::viewOf(Value value) {
  SmallVector<int64_t> from(shapeOf(value)), to(shape);
  llvm::erase_if(from, isSizeOne);
  llvm::erase_if(to, isSizeOne);
  if (from != to || !values.isKnown(value))
    return std::nullopt;
  KnownView view = values.read(value, shape);
  for (auto [stride, size] : llvm::zip_equal(view.strides, shape))
    if (size == 1)
      stride = 0;
  return view;
}

/// Where the elements of `side`, along the keys, compare so with `other`.
std::optional<KnownMask::Range> KnownMask::keysOf(Comparison comparison,
                                                  const KnownView &side,
                                                  bool isLeft,
                                                  double other) const {
  auto at = [&](int64_t key) {
    return (*side.data)[side.offset + key * side.strides[3]];
  };
  auto find = [&](auto isBefore) {
    auto all = llvm::seq<int64_t>(0, keys);
    return *std::partition_point(all.begin(), all.end(), isBefore);
  };
  auto compares = [&](int64_t key) {
    return isLeft ? graph::holds(comparison, at(key), other)
                  : graph::holds(comparison, other, at(key));
  };
  if (comparison != Comparison::Eq && comparison != Comparison::Ne) {
    if (compares(0))
      return Range(0, find(compares));
    return Range(find([&](int64_t key) { return !compares(key); }), keys);
  }
  bool grows = at(0) <= at(keys - 1);
  auto isBefore = [&](int64_t key) {
    return grows ? at(key) < other : at(key) > other;
  };
  Range equal(find(isBefore), find([&](int64_t key) {
                return isBefore(key) || at(key) == other;
              }));
  if (comparison == Comparison::Eq)
    return equal;
  if (equal.first == equal.second)
    return Range(0, keys);
  if (equal.first == 0)
    return Range(equal.second, keys);
  if (equal.second == keys)
    return Range(0, equal.first);
  return std::nullopt;
}

std::optional<KnownMask::Ranges> KnownMask::rangesOf(Value condition) {
  // Either a comparison, or the same for all keys of a row.
  auto compare = condition.getDefiningOp<CompareOp>();
  std::optional<KnownView> row, side;
  bool isLeft = false;
  if (compare) {
    side = viewOf(compare.getLhs());
    row = viewOf(compare.getRhs());
    isLeft = true;
    if (side && row && row->strides[3] != 0) {
      std::swap(side, row);
      isLeft = false;
    }
  } else {
    row = viewOf(condition);
  }
  if (!row || row->strides[3] != 0 || (compare && !side) || keys == 0)
    return std::nullopt;
  if (side) {
    // Only the keys count, in one direction.
    if (llvm::any_of(llvm::ArrayRef(side->strides).drop_back(),
                     [](int64_t stride) { return stride != 0; }))
      return std::nullopt;
    bool grows = true, falls = true;
    for (int64_t key = 1; key < keys; ++key) {
      const double *at = &(*side->data)[side->offset + key * side->strides[3]];
      grows &= *(at - side->strides[3]) <= *at;
      falls &= *(at - side->strides[3]) >= *at;
    }
    if (!grows && !falls)
      return std::nullopt;
  }
  Ranges result{{0, 0, 0}, {}};
  int64_t sizes[3] = {1, 1, 1}, count = 1;
  for (int64_t dim = 2; dim >= 0; --dim)
    if (row->strides[dim] != 0) {
      sizes[dim] = shape[dim];
      result.strides[dim] = count;
      count *= shape[dim];
    }
  if (count > kMaxMaskReads)
    return std::nullopt;
  result.rows.reserve(count);
  for (int64_t batch = 0; batch < sizes[0]; ++batch)
    for (int64_t head = 0; head < sizes[1]; ++head)
      for (int64_t query = 0; query < sizes[2]; ++query) {
        double value = row->at({batch, head, query, 0});
        std::optional<Range> range =
            !side ? Range(0, value != 0 ? keys : 0)
                  : keysOf(compare.getComparison(), *side, isLeft, value);
        if (!range)
          return std::nullopt;
        result.rows.push_back(*range);
      }
  return result;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// By causal and window.
static std::pair<int64_t, int64_t> causalKeys(int64_t last, int64_t keys,
                                              int64_t window) {
  return {window ? std::max<int64_t>(0, last + 1 - window) : 0,
          std::clamp<int64_t>(last + 1, 0, keys)};
}

KnownMask::Range KnownMask::rangeOf(ArrayRef<int64_t> row) const {
  Range range(0, keys);
  for (const Ranges &condition : ranges) {
    int64_t place = 0;
    for (auto [stride, index] : llvm::zip_equal(condition.strides, row))
      place += stride * index;
    range.first = std::max(range.first, condition.rows[place].first);
    range.second = std::min(range.second, condition.rows[place].second);
  }
  return range;
}

bool KnownMask::allow(ArrayRef<int64_t> row, int64_t key) const {
  int64_t index[] = {row[0], row[1], shape[2] == 1 ? 0 : row[2], key};
  return llvm::all_of(elements, [&](const Elements &condition) {
    double element = condition.view.at(index);
    return condition.zeros ? element == 0 : element != 0;
  });
}

bool KnownMask::holds(int64_t batch, int64_t head, int64_t query,
                      int64_t key) const {
  int64_t row[] = {batch, head, query};
  auto [first, end] = rangeOf(row);
  return first <= key && key < end && allow(row, key);
}

KnownMask::Range KnownMask::visibleRange(ArrayRef<int64_t> row) const {
  Range range = rangeOf(row);
  if (causal) {
    Range own = causalKeys(row[2] + keys - queries, keys, window);
    range.first = std::max(range.first, own.first);
    range.second = std::min(range.second, own.second);
  }
  range.second = std::max(range.first, range.second);
  return range;
}

KnownMask::Verdict KnownMask::read() const {
  Verdict verdict;
  // The last query tells how wide a window would be.
  int64_t lastRow[] = {0, 0, queries - 1}, width = 0;
  auto [begin, end] = visibleRange(lastRow);
  for (int64_t key = begin; key < end; ++key)
    width += allow(lastRow, key);
  verdict.window = width < keys ? width : 0;
  // Rows that repeat are read once.
  auto repeats = [&](int64_t dim) {
    return llvm::all_of(ranges,
                        [&](const Ranges &r) { return r.strides[dim] == 0; }) &&
           llvm::all_of(elements, [&](const Elements &condition) {
             return condition.view.strides[dim] == 0;
           });
  };
  int64_t batches = repeats(0) ? 1 : shape[0],
          heads = repeats(1) ? 1 : shape[1];
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t query = 0; query < queries; ++query)
        readRow({batch, head, query}, verdict);
  return verdict;
}

void KnownMask::readRow(ArrayRef<int64_t> row, Verdict &verdict) const {
  auto [first, end] = visibleRange(row);
  Range expected = causalKeys(row[2] + keys - queries, keys, verdict.window);
  int64_t seen = 0, unexpected = 0;
  if (elements.empty()) {
    seen = end - first;
    // Of two ranges neither has what the other lacks.
    if (seen > 0 && (first < expected.first || end > expected.second))
      ++unexpected;
  } else {
    for (int64_t key = first; key < end; ++key)
      if (allow(row, key)) {
        ++seen;
        unexpected += key < expected.first || key >= expected.second;
      }
  }
  verdict.all &= seen == keys;
  verdict.eachQuery &= seen > 0;
  verdict.isCausal &=
      unexpected == 0 &&
      seen == std::max<int64_t>(0, expected.second - expected.first);
}
