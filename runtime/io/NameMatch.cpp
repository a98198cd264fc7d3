// Finds a model's parameters in a checkpoint.
#include "runtime/io/NameMatch.h"

#include "runtime/core/Error.h"
#include "runtime/io/Text.h"

#include <cstring>
#include <set>

namespace vescale::runtime {
namespace {

constexpr size_t maxListed = 5;
// Bounds the search: names that are tried to tell a prefix, and prefixes.
constexpr size_t maxWitnesses = 8, maxPrefixes = 64;

/// What is done to every name.
struct Rule {
  enum Kind { None, Add, Remove } kind = None;
  std::string prefix; // ends in '.'

  std::string apply(const std::string &name) const {
    if (kind == Add)
      return prefix + name;
    if (kind == Remove && name.compare(0, prefix.size(), prefix) == 0)
      return name.substr(prefix.size());
    return name;
  }
  std::string text() const {
    if (kind == None)
      return "";
    return cat(kind == Add ? "with" : "without", " the prefix '", prefix, "'");
  }
};

class Matcher {
public:
  Matcher(const HubCheckpoint &checkpoint,
          const std::vector<WantedTensor> &wanted)
      : checkpoint(checkpoint), wanted(wanted) {}

  /// For each wanted tensor the names of it that the checkpoint has.
  std::vector<std::vector<std::string>> match() {
    Rule best;
    std::vector<size_t> missing = missingUnder(best);
    std::vector<Rule> complete;
    if (!missing.empty())
      for (const Rule &rule : candidates(missing)) {
        std::vector<size_t> now = missingUnder(rule);
        if (now.empty())
          complete.push_back(rule);
        if (now.size() < missing.size()) {
          missing = std::move(now);
          best = rule;
        }
      }
    if (complete.size() > 1)
      fail(ExitCode::BadInput, "checkpoint '", checkpoint.path(),
           "' has the model's parameters several times, ", complete[0].text(),
           " and ", complete[1].text(), "; keep one of them in the file");
    if (!missing.empty())
      refuse(best, missing);
    std::vector<std::vector<std::string>> found;
    for (const WantedTensor &tensor : wanted)
      found.push_back(namesOf(tensor, best));
    if (best.kind != Rule::None)
      said = cat("checkpoint '", checkpoint.path(),
                 "': the model's parameters are looked up ", best.text());
    return found;
  }
  const std::string &remark() const { return said; }

private:
  /// Every name under which a checkpoint may have the tensor, best first.
  static std::vector<std::string> spellings(const WantedTensor &tensor) {
    std::vector<std::string> names = {tensor.name};
    names.insert(names.end(), tensor.tied.begin(), tensor.tied.end());
    for (auto [now, once] : {std::pair("LayerNorm.weight", "LayerNorm.gamma"),
                             std::pair("LayerNorm.bias", "LayerNorm.beta")})
      if (endsWith(tensor.name, now))
        names.push_back(
            tensor.name.substr(0, tensor.name.size() - std::strlen(now)) +
            once);
    return names;
  }

  std::vector<std::string> namesOf(const WantedTensor &tensor,
                                   const Rule &rule) const {
    std::vector<std::string> names;
    for (const std::string &spelling : spellings(tensor))
      if (std::string name = rule.apply(spelling); checkpoint.has(name))
        names.push_back(name);
    return names;
  }

  std::vector<size_t> missingUnder(const Rule &rule) const {
    std::vector<size_t> missing;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (namesOf(wanted[i], rule).empty())
        missing.push_back(i);
    return missing;
  }

  /// The prefixes under which the checkpoint has some missing name.
  std::vector<Rule> candidates(const std::vector<size_t> &missing) const {
    std::set<std::string> added, removed;
    for (size_t i = 0; i < missing.size() && i < maxWitnesses; ++i) {
      for (const std::string &name : spellings(wanted[missing[i]])) {
        for (size_t dot = name.find('.'); dot != std::string::npos;
             dot = name.find('.', dot + 1))
          if (checkpoint.has(name.substr(dot + 1)))
            removed.insert(name.substr(0, dot + 1));
        std::string end = "." + name;
        for (const auto &item : checkpoint.files())
          if (endsWith(item.first, end) && added.size() < maxPrefixes)
            added.insert(item.first.substr(0, item.first.size() - name.size()));
      }
    }
    std::vector<Rule> rules;
    for (const std::string &prefix : added)
      rules.push_back({Rule::Add, prefix});
    for (const std::string &prefix : removed)
      rules.push_back({Rule::Remove, prefix});
    return rules;
  }

  [[noreturn]] void refuse(const Rule &rule,
                           const std::vector<size_t> &missing) const {
    std::string list;
    for (size_t i = 0; i < missing.size() && i < maxListed; ++i) {
      list += cat(i ? ", '" : "'", wanted[missing[i]].name, "'");
      for (const std::string &name : wanted[missing[i]].tied)
        list += cat(" (tied to '", name, "')");
    }
    if (missing.size() > maxListed)
      list += ", …";
    fail(ExitCode::BadInput, "checkpoint '", checkpoint.path(), "' lacks ",
         missing.size(), " of the model's ", wanted.size(), " parameters",
         rule.kind == Rule::None ? "" : " (looked up " + rule.text() + ")",
         ": ", list,
         "; is it this model's? If the exporter made these names up, export "
         "the model again with optimize=False");
  }

  const HubCheckpoint &checkpoint;
  const std::vector<WantedTensor> &wanted;
  std::string said;
};

void compareTied(HubCheckpoint &checkpoint,
                 const std::vector<std::string> &names) {
  for (size_t i = 1; i < names.size(); ++i)
    if (!checkpoint.sameData(checkpoint.find(names[0]),
                             checkpoint.find(names[i])))
      fail(ExitCode::BadInput, "checkpoint '", checkpoint.path(), "': '",
           names[0], "' and '", names[i],
           "' differ, but the model was exported with one tensor for both; "
           "export it from this checkpoint");
}

void check(const HubCheckpoint &checkpoint, const WantedTensor &wanted,
           const SafetensorsEntry &entry) {
  auto differ = [&](const std::string &ours, const std::string &theirs) {
    fail(ExitCode::BadInput, "parameter '", wanted.name, "': the model has ",
         ours, ", the checkpoint '", checkpoint.path(), "' has ", theirs);
  };
  if (entry.shape != wanted.shape)
    differ("the shape " + shapeText(wanted.shape), shapeText(entry.shape));
  if (entry.dtype != wanted.dtype)
    differ(cat("elements of type ", dtypeName(wanted.dtype)),
           entry.dtype ? dtypeName(*entry.dtype) : entry.dtypeText);
}

} // namespace

FoundTensors findTensors(HubCheckpoint &checkpoint,
                         const std::vector<WantedTensor> &wanted, Tied tied) {
  Matcher matcher(checkpoint, wanted);
  FoundTensors result;
  std::vector<std::vector<std::string>> found = matcher.match();
  for (size_t i = 0; i < wanted.size(); ++i) {
    result.tensors.push_back(checkpoint.find(found[i][0]));
    check(checkpoint, wanted[i], result.tensors.back().entry);
    if (tied == Tied::Compare)
      compareTied(checkpoint, found[i]);
  }
  result.remark = matcher.remark();
  return result;
}

} // namespace vescale::runtime
