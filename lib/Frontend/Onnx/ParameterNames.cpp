//===- ParameterNames.cpp - The author's names of parameters --------------===//
//
// In this order:
//   1. The initializer has a name of the graph's signature, or there is no
//      signature and the name isn't one that an exporter makes up.
//   2. `folded_from` names one parameter of the signature. If every consumer is
//      a linear layer (torch stores out×in, MatMul wants in×out) and the
//      initializer is a matrix, it is the transpose. Other foldings make a
//      tensor that isn't the parameter, so it gets no name.
//   3. Each consumer's `fx_node` is a linear layer on the same one parameter.
//   4. The older tracer folds the transpose of linear weights only, and calls
//      the result onnx::MatMul_N: read by the node /a/b/MatMul alone, it is the
//      transpose of a.b.weight. Node names may lack the outermost modules; the
//      parameters that kept their names near by (a.b.bias) tell those. Where
//      none is near, the path counts as complete if all others are; where they
//      disagree, the weight gets no name.
//
// Tied parameters arrive as one initializer under one of their names. Another
// is M.weight of the signature if nothing else stands for it and a node of the
// module M reads the initializer.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/ParameterNames.h"
#include "lib/Frontend/Onnx/Origins.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace vescale::onnx {

static constexpr StringRef signatureKey =
    "pkg.torch.export.ExportedProgram.graph_signature";
static constexpr StringRef foldedKey = "pkg.onnxscript.optimizer.folded_from";
static constexpr StringRef ruleKey = "pkg.onnxscript.rewriter.rule_name";
static constexpr StringRef fxNodeKey = "pkg.torch.onnx.fx_node";
static constexpr StringRef namespaceKey = "namespace";

/// Lines like `p_fc_weight: PARAMETER target='fc.weight'`.
void ParameterNames::readSignature(const Graph &graph) {
  StringRef rest = lookup(graph.metadata, signatureKey);
  hasSignature = !rest.empty();
  while (!rest.empty()) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    auto [alias, spec] = line.split(": ");
    StringRef target = spec.split("target='").second.split('\'').first;
    if (target.empty())
      continue;
    if (!(spec.starts_with("PARAMETER") || spec.starts_with("BUFFER")) ||
        spec.contains("persistent=False")) {
      constants.insert(alias);
      constants.insert(target);
      continue;
    }
    authors[alias] = target.str();
    authors[target] = target.str();
  }
}

/// Elements of a Python list of strings: ['a', 'b'].
static std::vector<std::string> parseList(StringRef text) {
  std::vector<std::string> result;
  while (true) {
    auto [before, rest] = text.split('\'');
    if (before.size() == text.size())
      return result;
    auto [item, after] = rest.split('\'');
    result.push_back(item.str());
    text = after;
  }
}

/// Arguments like %p_fc_weight in the printed node.
static std::vector<StringRef> references(StringRef fxNode) {
  std::vector<StringRef> result;
  StringRef rest = fxNode.split("args = (").second;
  while (true) {
    rest = rest.split('%').second;
    if (rest.empty())
      return result;
    result.push_back(rest.take_while(
        [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; }));
  }
}

/// "/encoder/layer.0/query/MatMul" → "encoder.layer.0.query".
static std::string modulePath(StringRef nodeName) {
  std::string path = nodeName.drop_front().rsplit('/').first.str();
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

void ParameterNames::readConsumers(const Graph &graph) {
  for (const Node &node : graph.nodes) {
    StringRef fxNode = lookup(node.metadata, fxNodeKey);
    std::vector<StringRef> arguments = references(fxNode);
    for (StringRef argument : arguments)
      if (auto it = authors.find(argument); it != authors.end())
        seen.insert(it->second);
    bool linear =
        node.opType == "MatMul" && fxNode.contains("aten.linear.default");
    StringRef module = parseNamespace(lookup(node.metadata, namespaceKey));
    bool fused = lookup(node.metadata, ruleKey).starts_with("FuseBatchNorm");
    for (auto [index, input] : llvm::enumerate(node.inputs)) {
      if (input.empty())
        continue;
      auto it = traces.find(input);
      if (it == traces.end())
        continue;
      Trace &trace = it->second;
      trace.modules.insert(module.str());
      trace.isFused |= index > 0 && fused;
      // The second operand of MatMul is the weight.
      bool traced = node.opType == "MatMul" && fxNode.empty() &&
                    StringRef(node.name).starts_with("/");
      trace.onlyLinear &= (linear || traced) && index == 1;
      if (index != 1)
        continue;
      if (linear && arguments.size() > 1) // input, weight, bias
        trace.usedAs.push_back(arguments[1].str());
      else if (traced)
        trace.tracedAs.push_back(modulePath(node.name));
    }
  }
}

void ParameterNames::readModules(const Graph &graph) {
  constexpr size_t maxComponents = 24;
  for (const auto &initializer : graph.initializers) {
    StringRef name = initializer->name;
    llvm::SmallVector<size_t> starts{0};
    for (auto [index, c] : llvm::enumerate(name))
      if (c == '.')
        starts.push_back(index + 1);
    if (starts.size() > maxComponents)
      continue;
    for (size_t from = 0; from < starts.size(); ++from)
      for (size_t to = from + 1; to < starts.size(); ++to)
        prefixes[name.slice(starts[from], starts[to] - 1)].insert(
            name.take_front(starts[from]).str());
  }
  bool checked = false;
  tracedPathsComplete = true;
  for (const auto &entry : traces)
    for (const std::string &module : entry.second.tracedAs)
      if (std::optional<std::string> prefix = modulePrefix(module)) {
        checked = true;
        tracedPathsComplete &= prefix->empty();
      }
  tracedPathsComplete &= checked;
}

/// Told by the nearest enclosing module with a parameter that kept its name.
std::optional<std::string>
ParameterNames::modulePrefix(StringRef traced) const {
  for (StringRef module = traced; !module.empty();
       module = module.contains('.') ? module.rsplit('.').first : StringRef()) {
    auto it = prefixes.find(module);
    if (it == prefixes.end())
      continue;
    if (it->second.size() != 1)
      return std::nullopt;
    return *it->second.begin();
  }
  return std::nullopt;
}

ParameterNames::ParameterNames(const Graph &graph) {
  readSignature(graph);
  for (const auto &initializer : graph.initializers) {
    traces[initializer->name];
    if (!hasSignature)
      authors.try_emplace(initializer->name, initializer->name);
    else if (auto it = authors.find(initializer->name); it != authors.end())
      seen.insert(it->second);
  }
  for (const ValueInfo &info : graph.valueInfo) {
    auto it = traces.find(info.name);
    if (it == traces.end())
      continue;
    it->second.foldedFrom = parseList(lookup(info.metadata, foldedKey));
  }
  readConsumers(graph);
  if (!hasSignature)
    readModules(graph);
}

/// Names that exporters give to what has none.
static bool isMadeUp(StringRef name) {
  if (name.starts_with("onnx::") || name.starts_with("_val_"))
    return true;
  return name.consume_front("val_") && !name.empty() &&
         name.find_first_not_of("0123456789") == StringRef::npos;
}

ParameterName ParameterNames::find(const Tensor &initializer) const {
  ParameterName result = identify(initializer);
  if (result.isWeight()) {
    result.tied = findTied(initializer.name, result.name);
    return result;
  }
  // `folded_from` has all that went into a value. A number alone is part of a
  // formula, unless a weight went into it.
  const Trace &trace = traces.find(initializer.name)->second;
  bool ofWeights = llvm::any_of(
      trace.foldedFrom, [&](StringRef name) { return authors.contains(name); });
  bool isTold = constants.contains(initializer.name) ||
                (hasSignature && !trace.foldedFrom.empty());
  if (!ofWeights && (isTold || initializer.numElements() <= 1))
    result.kind = ParameterName::Kind::Constant;
  return result;
}

std::vector<std::string> ParameterNames::findTied(StringRef initializer,
                                                  StringRef name) const {
  std::vector<std::string> result;
  if (!hasSignature)
    return result;
  StringRef leaf = name.contains('.') ? name.rsplit('.').second : name;
  for (StringRef module : traces.find(initializer)->second.modules) {
    std::string other = (module + "." + leaf).str();
    if (other != name && authors.contains(other) && !seen.contains(other))
      result.push_back(other);
  }
  return result;
}

ParameterName ParameterNames::identify(const Tensor &initializer) const {
  ParameterName result;
  result.name = initializer.name;
  const Trace &trace = traces.find(initializer.name)->second;
  if (trace.isFused) // keeps the author's name, but not his numbers
    return result;
  auto author = authors.find(initializer.name);
  if (author != authors.end() && !isMadeUp(initializer.name)) {
    result.kind = ParameterName::Kind::Weight;
    result.name = author->second;
    return result;
  }
  if (initializer.dims.size() != 2 || !trace.onlyLinear)
    return result;
  auto accept = [&](StringRef name) {
    result.name = name.str();
    result.kind = ParameterName::Kind::Weight;
    result.isTransposed = true;
    return result;
  };
  if (StringRef(initializer.name).starts_with("onnx::MatMul_") &&
      trace.tracedAs.size() == 1) {
    const std::string &module = trace.tracedAs.front();
    std::optional<std::string> prefix = modulePrefix(module);
    if (!prefix && tracedPathsComplete)
      prefix = "";
    return prefix ? accept(*prefix + module + ".weight") : result;
  }
  if (trace.usedAs.empty())
    return result;
  if (trace.foldedFrom.size() == 1)
    if (auto it = authors.find(trace.foldedFrom.front()); it != authors.end())
      return accept(it->second);
  for (const std::string &use : trace.usedAs)
    if (use != trace.usedAs.front())
      return result;
  if (auto it = authors.find(trace.usedAs.front()); it != authors.end())
    return accept(it->second);
  return result;
}

} // namespace vescale::onnx
