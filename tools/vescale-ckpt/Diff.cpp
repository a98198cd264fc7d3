// Compares two steps, tensor by tensor, a slab of each at a time.
#include "runtime/checkpoint/Load.h"
#include "runtime/core/Error.h"
#include "runtime/core/Number.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/Meter.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>

using namespace vescale::runtime;
using Json = nlohmann::ordered_json;

namespace vescale::ckpt {
namespace {

constexpr int64_t slabBytes = int64_t(16) << 20;

/// What differs in a tensor that both have with one shape and type.
struct Difference {
  int64_t elements = 0, first = -1;
  double absolute = 0, relative = 0; // the largest

  void add(int64_t element, double left, double right) {
    if (elements++ == 0)
      first = element;
    double apart = std::fabs(left - right);
    double size = std::max(std::fabs(left), std::fabs(right));
    // Two infinities, or no numbers at all, are as far apart as can be, unless
    // they are the same value in other bits.
    if (std::isnan(apart))
      apart = left == right ? 0 : INFINITY;
    double ratio = std::isinf(apart) ? INFINITY : size > 0 ? apart / size : 0;
    absolute = std::max(absolute, apart);
    relative = std::max(relative, ratio);
  }
};

Difference compare(SavedStep &left, SavedStep &right, const IndexTensor &tensor,
                   Meter &meter) {
  Difference difference;
  int64_t width = dtypeBytes(tensor.dtype);
  int64_t elements = Box::whole(tensor.shape).elements();
  int64_t slab = slabBytes / width;
  std::vector<char> one(std::min(slab, elements) * width), other(one.size());
  for (int64_t begin = 0; begin < elements; begin += slab) {
    int64_t count = std::min(slab, elements - begin);
    Box box = Box::range(begin, begin + count);
    left.load({Piece::dense(tensor.name, box, one.data())});
    right.load({Piece::dense(tensor.name, box, other.data())});
    meter.add(2 * count * width);
    if (std::memcmp(one.data(), other.data(), count * width) == 0)
      continue;
    for (int64_t i = 0; i < count; ++i)
      if (std::memcmp(&one[i * width], &other[i * width], width) != 0)
        difference.add(begin + i, numberAt(tensor.dtype, &one[i * width]),
                       numberAt(tensor.dtype, &other[i * width]));
  }
  return difference;
}

std::vector<int64_t> indexOf(int64_t element,
                             const std::vector<int64_t> &shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t dim = shape.size(); dim-- > 0; element /= shape[dim])
    index[dim] = element % shape[dim];
  return index;
}

/// Collects and prints what differs.
class Report {
public:
  void say(const std::string &name, const char *kind, const std::string &left,
           const std::string &right) {
    entries.push_back(
        {{"name", name}, {"kind", kind}, {"left", left}, {"right", right}});
    lines += cat(name, ": ", kind, ": ", left, " and ", right, "\n");
  }
  void say(const IndexTensor &tensor, const Difference &difference) {
    std::vector<int64_t> first = indexOf(difference.first, tensor.shape);
    auto number = [](double value) -> Json {
      return std::isfinite(value) ? Json(value) : Json(nullptr);
    };
    entries.push_back({{"name", tensor.name},
                       {"kind", "values"},
                       {"elements", difference.elements},
                       {"first", first},
                       {"max_abs", number(difference.absolute)},
                       {"max_rel", number(difference.relative)}});
    lines += cat(tensor.name, ": ", difference.elements,
                 " elements differ, first [");
    for (size_t dim = 0; dim < first.size(); ++dim)
      lines += cat(dim ? ", " : "", first[dim]);
    lines += cat("], at most ", difference.absolute, " apart, ",
                 difference.relative, " relative\n");
  }
  void print(bool json, size_t compared) const {
    if (json)
      std::printf(
          "%s\n",
          Json({{"tensors", compared}, {"differ", entries}}).dump(2).c_str());
    else if (lines.empty())
      std::printf("%zu tensors are equal\n", compared);
    else
      std::fputs(printable(lines).c_str(), stdout);
  }
  bool any() const { return !entries.empty(); }

private:
  Json entries = Json::array();
  std::string lines;
};

} // namespace

int diff(const Arguments &arguments) {
  SavedStep left(systemFiles(), arguments.paths[0]);
  SavedStep right(systemFiles(), arguments.paths[1]);
  Report report;
  int64_t bytes = 0;
  for (const IndexTensor &tensor : left.index().tensors)
    bytes += 2 * Box::whole(tensor.shape).elements() * dtypeBytes(tensor.dtype);
  size_t compared = 0;
  {
    Meter meter("comparing", bytes);
    for (const IndexTensor &tensor : left.index().tensors) {
      const IndexTensor *other = right.index().find(tensor.name);
      if (!other) {
        report.say(tensor.name, "presence", "there", "missing");
      } else if (other->shape != tensor.shape) {
        report.say(tensor.name, "shape", shapeText(tensor.shape),
                   shapeText(other->shape));
      } else if (other->dtype != tensor.dtype) {
        report.say(tensor.name, "dtype", dtypeName(tensor.dtype),
                   dtypeName(other->dtype));
      } else if (tensor.author && other->author &&
                 !(*tensor.author == *other->author)) {
        report.say(tensor.name, "order of dimensions",
                   shapeText(tensor.author->strides),
                   shapeText(other->author->strides));
      } else {
        ++compared;
        Difference difference = compare(left, right, tensor, meter);
        if (difference.elements)
          report.say(tensor, difference);
      }
    }
  }
  for (const IndexTensor &tensor : right.index().tensors)
    if (!left.index().find(tensor.name))
      report.say(tensor.name, "presence", "missing", "there");
  report.print(arguments.json, compared);
  return report.any() ? 1 : 0;
}

} // namespace vescale::ckpt
