//===- Fields.cpp - The fields of a JSON object, read strictly --*- C++ -*-===//

#include "vescale/Support/Fields.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/GlobPattern.h"
#include <cmath>

using namespace llvm;
using namespace vescale;

/// The parser calls itself for each level of nesting.
static constexpr int kMaxNesting = 64;

/// How deeply lists and objects lie in each other, where that is well formed.
static int nestingOf(StringRef text) {
  int depth = 0, deepest = 0;
  bool isString = false;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (isString && c == '\\')
      ++at;
    else if (c == '"')
      isString = !isString;
    else if (!isString && (c == '[' || c == '{'))
      deepest = std::max(deepest, ++depth);
    else if (!isString && (c == ']' || c == '}'))
      --depth;
  }
  return deepest;
}

Expected<json::Object> vescale::parseJsonObject(StringRef text,
                                                size_t maxBytes) {
  auto error = [](const Twine &what) {
    return createStringError(errc::invalid_argument, what);
  };
  if (text.size() > maxBytes)
    return error("is larger than " + Twine(maxBytes >> 10) + " KiB");
  if (nestingOf(text) > kMaxNesting)
    return error("nests more than " + Twine(kMaxNesting) +
                 " lists and objects in each other");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return error("is not JSON: " + toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return error("is not a JSON object");
  return std::move(*object);
}

static std::string print(double value) {
  std::string text;
  raw_string_ostream(text) << format("%g", value);
  return text;
}

/// In the order of the alphabet.
template <typename Words> static std::string listed(const Words &words) {
  std::vector<std::string> sorted;
  for (StringRef word : words)
    sorted.push_back(word.str());
  llvm::sort(sorted);
  return join(sorted, ", ");
}

void Fields::number(StringRef name, double &value, double low, double high) {
  const json::Value *field = find(name);
  if (!field)
    return;
  std::optional<double> found = field->getAsNumber();
  if (!found || !std::isfinite(*found) || *found < low || *found > high)
    return fail(name,
                "needs a number from " + print(low) + " to " + print(high));
  value = *found;
}

void Fields::integer(StringRef name, int64_t &value, int64_t low,
                     int64_t high) {
  const json::Value *field = find(name);
  if (!field)
    return;
  std::optional<int64_t> found = field->getAsInteger();
  if (!found || *found < low || *found > high)
    return fail(name,
                formatv("needs a whole number from {0} to {1}", low, high));
  value = *found;
}

void Fields::text(StringRef name, std::string &value) {
  const json::Value *field = find(name);
  if (!field)
    return;
  std::optional<StringRef> found = field->getAsString();
  if (!found || found->empty())
    return fail(name, "needs a text");
  value = found->str();
}

std::optional<size_t> Fields::findChoice(StringRef name,
                                         ArrayRef<StringRef> words) {
  std::string word;
  text(name, word);
  if (word.empty())
    return std::nullopt;
  const auto *found = find_if(words, [&](StringRef w) { return w == word; });
  if (found != words.end())
    return found - words.begin();
  fail(name, "can be " + listed(words) + ", not \"" + word + "\"");
  return std::nullopt;
}

void Fields::globs(StringRef name, std::vector<std::string> &value) {
  const json::Value *field = find(name);
  if (!field)
    return;
  value.clear();
  json::Array one{*field};
  const json::Array *list = field->getAsArray();
  for (const json::Value &each : list ? *list : one) {
    std::optional<StringRef> glob = each.getAsString();
    if (!glob)
      return fail(name, "needs a list of patterns");
    Expected<GlobPattern> pattern = GlobPattern::create(*glob);
    if (!pattern)
      return fail(name, toString(pattern.takeError()));
    value.push_back(glob->str());
  }
}

void Fields::readInner(const json::Object &inner, std::string path, Read read) {
  Fields fields(inner, std::move(path));
  read(fields);
  fields.refuseUnknown();
  if (error.empty())
    error = fields.error;
}

void Fields::nested(StringRef name, Read read) {
  const json::Value *field = find(name);
  if (!field)
    return;
  const json::Object *inner = field->getAsObject();
  if (!inner)
    return fail(name, "needs an object");
  readInner(*inner, path(name), read);
}

void Fields::list(StringRef name, Read read) {
  const json::Value *field = find(name);
  if (!field)
    return;
  const json::Array *entries = field->getAsArray();
  if (!entries)
    return fail(name, "needs a list of objects");
  for (auto [index, entry] : enumerate(*entries)) {
    const json::Object *inner = entry.getAsObject();
    if (!inner)
      return fail(name, "needs a list of objects");
    readInner(*inner, formatv("{0}[{1}]", path(name), index), read);
  }
}

const json::Value *Fields::find(StringRef name) {
  known.insert(name);
  return object.get(name);
}

void Fields::require(ArrayRef<StringRef> names) {
  for (StringRef name : names)
    if (!find(name))
      fail(name, "is missing");
}

void Fields::fail(StringRef name, const Twine &what) {
  if (error.empty())
    error = ("\"" + path(name) + "\" " + what).str();
}

void Fields::refuseUnknown() {
  for (const auto &field : object)
    if (StringRef name = field.first; !isComment(name) && !known.contains(name))
      fail(name, "is unknown; fields here are " + listed(known.keys()));
}
