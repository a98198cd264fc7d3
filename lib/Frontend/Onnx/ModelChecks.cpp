//===- ModelChecks.cpp - Is an ONNX model well formed? --------------------===//
//
// 1. Versions: IR version, operator sets, each node's domain imported.
// 2. Names: every value is defined once, before its use, in its own or an outer
//    scope; a use before the definition is told apart from a cycle.
// 3. Functions: no recursion, bounded depth and bounded size when expanded.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Reader.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

namespace vescale::onnx {
namespace {

class Checker {
public:
  Checker(const Model &model, Problems &problems)
      : model(model), problems(problems) {}

  void run();

private:
  void checkVersions(const OpsetImports &opsets, const std::string &where);
  void checkNodes(llvm::ArrayRef<Node> nodes, const OpsetImports &opsets,
                  const Function *function, const std::string &where);
  void checkAttributes(const Node &node, const std::string &what,
                       const OpsetImports &opsets, const Function *function);
  void checkGraph(const Graph &graph, const OpsetImports &opsets,
                  const Function *function, const std::string &where);
  void explainUndefined(llvm::ArrayRef<Node> nodes, size_t user,
                        const std::string &name, const std::string &what);
  void define(const std::string &name, const std::string &what);

  struct Expansion {
    uint64_t nodes = 0;
    unsigned depth = 0;
    bool active = true;
  };
  const Expansion *expand(const Function &function, unsigned depth);
  bool expand(llvm::ArrayRef<Node> nodes, Expansion &into, unsigned depth);

  const Model &model;
  Problems &problems;
  /// Names visible here, and those that the innermost scope added.
  llvm::StringSet<> visible;
  std::vector<std::string> *scope = nullptr;
  std::map<const Function *, Expansion> expansions;
};

void Checker::checkVersions(const OpsetImports &opsets,
                            const std::string &where) {
  auto main = opsets.find("");
  if (main != opsets.end() &&
      (main->second < minOpset || main->second > maxOpset))
    problems.add(where + "uses operator set " + llvm::Twine(main->second) +
                 "; supported are " + llvm::Twine(minOpset) + " to " +
                 llvm::Twine(maxOpset));
}

void Checker::define(const std::string &name, const std::string &what) {
  if (!visible.insert(name).second) {
    problems.add(what + " defines '" + name +
                 "', which is defined already; names must be unique");
    return;
  }
  scope->push_back(name);
}

void Checker::checkAttributes(const Node &node, const std::string &what,
                              const OpsetImports &opsets,
                              const Function *function) {
  llvm::StringSet<> seen;
  for (const Attribute &attribute : node.attributes) {
    if (attribute.name.empty())
      problems.add(what + ": an attribute has no name");
    else if (!seen.insert(attribute.name).second)
      problems.add(what + ": attribute '" + attribute.name +
                   "' is given twice");
    if (attribute.kind == AttributeKind::Reference) {
      bool known =
          function &&
          (llvm::is_contained(function->attributes, attribute.reference) ||
           llvm::any_of(function->defaultAttributes, [&](const Attribute &a) {
             return a.name == attribute.reference;
           }));
      if (!known)
        problems.add(what + ": attribute '" + attribute.name + "' refers to '" +
                     attribute.reference +
                     "', which no enclosing function has");
    }
    if (attribute.graph)
      checkGraph(*attribute.graph, opsets, function, what + ": ");
  }
}

/// Called where `nodes[user]` reads `name`, which isn't defined yet: says
/// whether it never is, is defined later, or on a cycle through `user`.
void Checker::explainUndefined(llvm::ArrayRef<Node> nodes, size_t user,
                               const std::string &name,
                               const std::string &what) {
  llvm::StringMap<size_t> producers;
  for (auto [index, node] : llvm::enumerate(nodes))
    for (const std::string &output : node.outputs)
      producers.try_emplace(output, index);
  auto producer = producers.find(name);
  if (producer == producers.end()) {
    problems.add(what + " reads '" + name + "', which nothing defines");
    return;
  }
  // Does the producer need the user? Walk back along inputs.
  llvm::SmallVector<size_t> work{producer->second};
  std::vector<bool> reached(nodes.size());
  while (!work.empty()) {
    size_t at = work.pop_back_val();
    if (reached[at])
      continue;
    reached[at] = true;
    for (const std::string &input : nodes[at].inputs)
      if (auto it = producers.find(input); it != producers.end())
        work.push_back(it->second);
  }
  std::string other = describeNode(nodes[producer->second], producer->second);
  if (reached[user])
    problems.add(what + " reads '" + name + "', a result of " + other +
                 ", which depends on it: the graph has a cycle");
  else
    problems.add(what + " reads '" + name + "' before " + other +
                 " defines it: nodes must be in topological order");
}

void Checker::checkNodes(llvm::ArrayRef<Node> nodes, const OpsetImports &opsets,
                         const Function *function, const std::string &where) {
  bool explained = false;
  for (auto [index, node] : llvm::enumerate(nodes)) {
    std::string what = where + describeNode(node, index);
    if (node.opType.empty())
      problems.add(what + " has no op type");
    if (!opsets.count(node.domain))
      problems.add(what + " is of domain '" +
                   (node.domain.empty() ? "ai.onnx" : node.domain) +
                   "', whose operator set is not imported");
    for (const std::string &input : node.inputs) {
      if (input.empty() || visible.contains(input))
        continue;
      // One explanation walks the graph; a file with a million such reads gets
      // one.
      if (explained)
        continue;
      explained = true;
      explainUndefined(nodes, index, input, what);
    }
    checkAttributes(node, what, opsets, function);
    for (const std::string &output : node.outputs)
      if (!output.empty())
        define(output, what);
  }
}

void Checker::checkGraph(const Graph &graph, const OpsetImports &opsets,
                         const Function *function, const std::string &where) {
  std::vector<std::string> names;
  std::vector<std::string> *outer = scope;
  scope = &names;
  llvm::StringSet<> inputs;
  for (const ValueInfo &input : graph.inputs) {
    if (input.name.empty())
      problems.add(where + "a graph input has no name");
    else {
      define(input.name, where + "the list of inputs");
      inputs.insert(input.name);
    }
  }
  llvm::StringSet<> initializers;
  for (const auto &initializer : graph.initializers) {
    if (initializer->name.empty())
      problems.add(where + "an initializer has no name");
    else if (!initializers.insert(initializer->name).second)
      problems.add(where + "initializer '" + initializer->name +
                   "' is given twice");
    else if (!inputs.contains(initializer->name)) // Else: an input's default.
      define(initializer->name, where + "the list of initializers");
  }
  checkNodes(graph.nodes, opsets, function, where);
  for (const ValueInfo &output : graph.outputs)
    if (!visible.contains(output.name))
      problems.add(where + "the graph's output '" + output.name +
                   "' is not defined");
  for (const std::string &name : names)
    visible.erase(name);
  scope = outer;
}

const Checker::Expansion *Checker::expand(const Function &function,
                                          unsigned depth) {
  auto [it, inserted] = expansions.try_emplace(&function);
  if (!inserted) {
    if (!it->second.active)
      return &it->second;
    problems.add("function '" + function.name + "' calls itself");
    return nullptr;
  }
  if (depth > maxCallDepth) {
    problems.add("functions call functions more than " +
                 llvm::Twine(maxCallDepth) + " deep, at '" + function.name +
                 "'");
    return nullptr;
  }
  Expansion result;
  if (!expand(function.nodes, result, depth))
    return nullptr;
  result.active = false;
  if (++result.depth > maxCallDepth) {
    problems.add("functions call functions more than " +
                 llvm::Twine(maxCallDepth) + " deep, at '" + function.name +
                 "'");
    return nullptr;
  }
  return &(it->second = result);
}

/// Adds what `nodes` expand to; false after a problem.
bool Checker::expand(llvm::ArrayRef<Node> nodes, Expansion &into,
                     unsigned depth) {
  for (const Node &node : nodes) {
    ++into.nodes;
    auto callee =
        model.functions.find({node.domain, node.opType, node.overload});
    if (callee != model.functions.end()) {
      const Expansion *body = expand(callee->second, depth + 1);
      if (!body)
        return false;
      into.nodes = llvm::SaturatingAdd(into.nodes, body->nodes);
      into.depth = std::max(into.depth, body->depth);
    }
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph && !expand(attribute.graph->nodes, into, depth))
        return false;
    if (into.nodes > maxExpandedNodes) {
      problems.add("with its functions expanded the model has more than " +
                   llvm::Twine(maxExpandedNodes) + " nodes");
      return false;
    }
  }
  return true;
}

void Checker::run() {
  if (model.irVersion < minIrVersion || model.irVersion > maxIrVersion)
    problems.add("is of IR version " + llvm::Twine(model.irVersion) +
                 "; supported are " + llvm::Twine(minIrVersion) + " to " +
                 llvm::Twine(maxIrVersion));
  if (!model.opsets.count("") && !model.graph.nodes.empty())
    problems.add("imports no operator set of the domain ai.onnx");
  checkVersions(model.opsets, "");
  if (problems.any())
    return;
  checkGraph(model.graph, model.opsets, nullptr, "");
  for (const auto &[key, function] : model.functions) {
    std::string where = "function '" + function.name + "': ";
    checkVersions(function.opsets, where);
    std::vector<std::string> names;
    scope = &names;
    for (const std::string &input : function.inputs)
      define(input, where + "the list of inputs");
    checkNodes(function.nodes, function.opsets, &function, where);
    for (const std::string &output : function.outputs)
      if (!visible.contains(output))
        problems.add(where + "the output '" + output + "' is not defined");
    for (const std::string &name : names)
      visible.erase(name);
    scope = nullptr;
  }
  Expansion total;
  expand(model.graph.nodes, total, 0);
}

} // namespace

void checkModel(const Model &model, Problems &problems) {
  Checker(model, problems).run();
}

} // namespace vescale::onnx
