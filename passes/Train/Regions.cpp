//===- Regions.cpp - Parts of a model by the author's names -----*- C++ -*-===//
#include "passes/Train/Regions.h"
#include "vescale/Support/Location.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::train;

llvm::Expected<Regions> Regions::create(ArrayRef<std::string> names) {
  Regions regions;
  regions.names = names;
  regions.used.assign(names.size(), false);
  for (const std::string &name : names) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(name);
    if (!pattern)
      return llvm::createStringError(
          "recompute: \"" + name +
          "\" is no pattern: " + llvm::toString(pattern.takeError()));
    regions.patterns.push_back(std::move(*pattern));
  }
  return regions;
}

/// The module, or the outermost of those around it, that the pattern matches;
/// empty if none is.
static StringRef findModule(StringRef path, const llvm::GlobPattern &pattern) {
  for (size_t end = path.find('.');; end = path.find('.', end + 1)) {
    if (pattern.match(path.take_front(end)))
      return path.take_front(end);
    if (end == StringRef::npos)
      return {};
  }
}

Regions::Place Regions::findPlace(Operation *op) {
  Place place;
  SmallVector<std::string> modules = moduleNames(op->getLoc()),
                           nodes = nodeNames(op->getLoc());
  for (auto [index, pattern] : llvm::enumerate(patterns)) {
    for (StringRef path : modules)
      if (StringRef module = findModule(path, pattern); !module.empty()) {
        used[index] = true;
        if (place.module.empty())
          place.module = module.str();
      }
    for (StringRef node : nodes)
      if (pattern.match(node))
        place.isNode = used[index] = true;
  }
  return place;
}

const Regions::Place &Regions::placeOf(Operation *op) {
  auto found = places.find(op);
  if (found == places.end())
    found = places.try_emplace(op, findPlace(op)).first;
  return found->second;
}

bool Regions::isInside(Value value) {
  const Place place = placeOf(value.getDefiningOp());
  if (place.isNode)
    return true;
  if (place.module.empty())
    return false;
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return user->hasAttr(graph::kBackwardAttr) ||
           placeOf(user).module == place.module;
  });
}

llvm::Error Regions::checkUsed() const {
  for (auto [name, hit] : llvm::zip_equal(names, used))
    if (!hit)
      return llvm::createStringError(
          "recompute: \"" + name +
          "\" is no module or node that has a value to compute again");
  return llvm::Error::success();
}
