//===- Page.cpp - A plan report as one page of HTML -------------*- C++ -*-===//
//
// The page is a template whose {{names}} are replaced: style and script, their
// hashes, and the document. Its policy lets the browser run what has these
// hashes and load nothing at all, so that no name in a document can become code
// or ask the network.
//
//===----------------------------------------------------------------------===//

#include "lib/Report/Plan/Document.h"
#include "vescale/Report/PlanReport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/SHA256.h"
#include <charconv>

using namespace llvm;
using namespace vescale;

#include "Page.inc"

template <size_t Size> static StringRef textOf(const char (&bytes)[Size]) {
  return StringRef(bytes, Size);
}

/// As content policies want it.
static std::string hashOf(StringRef text) {
  return encodeBase64(SHA256::hash(arrayRefFromStringRef(text)));
}

/// Numbers in the fewest digits that are the same number again.
static void writeValue(json::OStream &stream, const json::Value &value) {
  if (const json::Object *object = value.getAsObject()) {
    std::vector<StringRef> keys;
    for (const auto &field : *object)
      keys.push_back(field.first);
    llvm::sort(keys);
    stream.object([&] {
      for (StringRef key : keys) {
        stream.attributeBegin(key);
        writeValue(stream, *object->get(key));
        stream.attributeEnd();
      }
    });
  } else if (const json::Array *array = value.getAsArray()) {
    stream.array([&] {
      for (const json::Value &element : *array)
        writeValue(stream, element);
    });
  } else if (value.kind() == json::Value::Number && !value.getAsInteger()) {
    char digits[40];
    auto end = std::to_chars(digits, std::end(digits), *value.getAsNumber());
    stream.rawValue(StringRef(digits, end.ptr - digits));
  } else {
    stream.value(value);
  }
}

/// The document for a script element. A `<`, which only texts have, could begin
/// the element's end tag or a comment; JSON can say it by its number.
static std::string embed(const json::Object &report) {
  std::string text, escaped;
  raw_string_ostream os(text);
  json::OStream stream(os);
  writeValue(stream, json::Object(report));
  for (char c : text)
    if (c == '<')
      escaped += "\\u003c";
    else
      escaped += c;
  return escaped;
}

Error vescale::checkPlanReport(const json::Object &report) {
  if (Error error = planReportShape()(json::Object(report), {}))
    return error;
  return checkConsistency(report);
}

Error vescale::writePlanReport(const json::Object &report, raw_ostream &os) {
  if (Error error = checkPlanReport(report))
    return error;
  StringRef rest = textOf(pageText), style = textOf(styleText),
            script = textOf(scriptText);
  while (true) {
    auto [before, after] = rest.split("{{");
    os << before;
    if (after.empty())
      return Error::success();
    StringRef name;
    std::tie(name, rest) = after.split("}}");
    if (name == "style")
      os << style;
    else if (name == "style-hash")
      os << hashOf(style);
    else if (name == "script")
      os << script;
    else if (name == "script-hash")
      os << hashOf(script);
    else if (name == "report")
      os << embed(report);
    else
      llvm_unreachable("the template has no other names");
  }
}
