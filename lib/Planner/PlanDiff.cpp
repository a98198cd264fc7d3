//===- PlanDiff.cpp - What two plans say differently ----------------------===//

#include "vescale/Planner/PlanDiff.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace vescale;
using llvm::StringRef;

static std::string textOf(const std::vector<std::string> &axes) {
  return axes.empty() ? "-" : llvm::join(axes, "+");
}

static std::string textOf(const PlanFile::Entry &entry) {
  std::vector<std::string> dims;
  for (const std::vector<std::string> &axes : entry.dims)
    dims.push_back(textOf(axes));
  std::string text = "[" + llvm::join(dims, ", ") + "]";
  for (const auto &[axis, kind] : entry.partial)
    text += " partial " + kind + " over " + axis;
  return entry.offer ? text + ", offered" : text;
}

/// Everything but layouts, by the field's name.
static std::vector<std::pair<std::string, std::string>>
fieldsOf(const PlanFile &plan) {
  std::vector<std::string> mesh;
  for (const auto &[axis, size] : plan.mesh)
    mesh.push_back(axis + "=" + std::to_string(size));
  std::vector<std::pair<std::string, std::string>> fields = {
      {"mesh", llvm::join(mesh, ",")}};
  if (plan.microBatches)
    fields.emplace_back("micro_batches", std::to_string(*plan.microBatches));
  if (plan.storage)
    fields.emplace_back("storage", "zero " +
                                       std::to_string(plan.storage->zero) +
                                       " over " + textOf(plan.storage->axes));
  if (plan.recompute)
    fields.emplace_back("recompute", printRecompute(*plan.recompute));
  return fields;
}

/// The name with `*` for each number, so that layers meet.
static std::string withoutNumbers(StringRef name) {
  std::string text;
  for (char c : name)
    if (!llvm::isDigit(c))
      text += c;
    else if (!StringRef(text).ends_with("*"))
      text += '*';
  return text;
}

namespace {
/// What one plan says and the other one says differently, or not at all.
struct Change {
  std::optional<std::string> before, after;

  auto key() const { return std::tie(before, after); }
  bool operator<(const Change &other) const { return key() < other.key(); }
};
} // namespace

static void print(llvm::raw_ostream &os, StringRef what, const Change &change) {
  if (change.before)
    os << "-" << what << ": " << *change.before << "\n";
  if (change.after)
    os << "+" << what << ": " << *change.after << "\n";
}

/// Pairs what both say, in the order of the first, then of the second.
template <typename Range>
static std::vector<std::pair<std::string, Change>> changes(const Range &a,
                                                           const Range &b) {
  llvm::MapVector<StringRef, Change> all;
  // Of entries for the same names a plan may have several.
  auto add = [](std::optional<std::string> &to, const std::string &text) {
    to = to ? *to + "; " + text : text;
  };
  for (const auto &[name, text] : a)
    add(all[name].before, text);
  for (const auto &[name, text] : b)
    add(all[name].after, text);
  std::vector<std::pair<std::string, Change>> found;
  for (const auto &[name, change] : all)
    if (change.before != change.after)
      found.emplace_back(name.str(), change);
  return found;
}

bool vescale::printPlanDiff(const PlanFile &a, const PlanFile &b,
                            llvm::raw_ostream &os) {
  auto fields = changes(fieldsOf(a), fieldsOf(b));
  for (const auto &[name, change] : fields)
    print(os, name, change);
  auto layoutsOf = [](const PlanFile &plan) {
    std::vector<std::pair<std::string, std::string>> layouts;
    for (const PlanFile::Entry &entry : plan.layouts)
      layouts.emplace_back(entry.match, textOf(entry));
    return layouts;
  };
  auto layouts = changes(layoutsOf(a), layoutsOf(b));
  // What changes alike in many layers is one line.
  std::map<std::pair<std::string, Change>, size_t> counts;
  for (const auto &[name, change] : layouts)
    ++counts[{withoutNumbers(name), change}];
  for (const auto &[name, change] : layouts) {
    auto place = counts.find({withoutNumbers(name), change});
    if (place == counts.end())
      continue;
    if (place->second == 1)
      print(os, name, change);
    else
      print(os, place->first.first + " (" + std::to_string(place->second) + ")",
            change);
    counts.erase(place);
  }
  return !fields.empty() || !layouts.empty();
}
