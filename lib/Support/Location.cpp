//===- Location.cpp - What an op's location says to a person --------------===//

#include "vescale/Support/Location.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace vescale {

/// How many origins of a fused location a message lists.
static constexpr size_t maxListedOrigins = 3;
/// Locations nest as deep as passes wrap them; a message looks no deeper.
static constexpr unsigned maxDepth = 16;

std::string describeOrigin(const Origin &origin) {
  std::string text = origin.op.str();
  if (!origin.node.empty()) {
    if (!text.empty())
      text += ' ';
    text += '\'';
    text += origin.node;
    text += '\'';
  }
  if (!origin.module.empty()) {
    if (!text.empty())
      text += ' ';
    text += "in ";
    text += origin.module;
  }
  return text;
}

Location makeLocation(MLIRContext *context, const Origin &origin) {
  Location source = UnknownLoc::get(context);
  if (!origin.file.empty())
    source = FileLineColLoc::get(context, origin.file, origin.line, 0);
  std::string name = describeOrigin(origin);
  if (name.empty())
    return source;
  return NameLoc::get(StringAttr::get(context, name), source);
}

static void collect(Location location, llvm::SetVector<StringAttr> &texts,
                    unsigned depth);

static std::string describeOne(Location location, unsigned depth) {
  llvm::SetVector<StringAttr> texts;
  collect(location, texts, depth);
  std::string text;
  for (auto [index, part] : llvm::enumerate(texts)) {
    if (index == maxListedOrigins) {
      text += " and " + std::to_string(texts.size() - index) + " more";
      break;
    }
    if (index)
      text += ", ";
    text += part.getValue();
  }
  return text;
}

static void collect(Location location, llvm::SetVector<StringAttr> &texts,
                    unsigned depth) {
  if (depth == maxDepth)
    return;
  MLIRContext *context = location.getContext();
  auto add = [&](const Twine &text) {
    texts.insert(StringAttr::get(context, text));
  };
  llvm::TypeSwitch<LocationAttr>(location)
      .Case([&](NameLoc name) {
        std::string source = describeOne(name.getChildLoc(), depth + 1);
        add(source.empty() ? name.getName().getValue()
                           : name.getName().getValue() + " (" + source + ")");
      })
      .Case([&](FileLineColRange file) {
        StringRef path = file.getFilename().getValue();
        if (file.getStartLine() == 0)
          add(path);
        else
          add(path + ":" + Twine(file.getStartLine()));
      })
      .Case([&](CallSiteLoc call) {
        collect(call.getCallee(), texts, depth + 1);
      })
      .Case([&](FusedLoc fused) {
        for (Location part : fused.getLocations())
          collect(part, texts, depth + 1);
      });
}

std::string describeLocation(Location location) {
  return describeOne(location, 0);
}

/// The node in "Op 'node' in module".
static StringRef nodeOf(StringRef text) {
  size_t begin = text.find('\'');
  if (begin == StringRef::npos)
    return text;
  StringRef rest = text.drop_front(begin + 1);
  size_t end = rest.rfind("' in ");
  if (end == StringRef::npos)
    end = rest.rfind('\'');
  return rest.take_front(end);
}

/// The module in "Op 'node' in module"; empty if it names none.
static StringRef moduleOf(StringRef text) {
  size_t begin = text.rfind("' in ");
  return begin == StringRef::npos ? StringRef()
                                  : text.drop_front(begin + strlen("' in "));
}

/// What `part` finds in the names of the location.
static SmallVector<std::string> collect(Location location,
                                        StringRef (*part)(StringRef)) {
  SmallVector<std::string> found;
  location->walk([&](Location each) {
    if (auto name = dyn_cast<NameLoc>(each))
      if (StringRef text = part(name.getName().getValue()); !text.empty())
        found.push_back(text.str());
    return WalkResult::advance();
  });
  return found;
}

SmallVector<std::string> nodeNames(Location location) {
  return collect(location, nodeOf);
}

SmallVector<std::string> moduleNames(Location location) {
  return collect(location, moduleOf);
}

} // namespace vescale
