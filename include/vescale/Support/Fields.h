//===- Fields.h - The fields of a JSON object, read strictly ----*- C++ -*-===//
#ifndef VESCALE_SUPPORT_FIELDS_H
#define VESCALE_SUPPORT_FIELDS_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace vescale {

/// The object that a file's text is. Files that are too large or nested too
/// deeply for the parser are refused; errors say what is wrong, not where.
llvm::Expected<llvm::json::Object> parseJsonObject(llvm::StringRef text,
                                                   size_t maxBytes);

/// JSON has no comments; a key that begins so is one.
inline bool isComment(llvm::StringRef key) { return key.starts_with("//"); }

/// The fields of one object. The first error counts; what was asked for is
/// known, and anything else is refused at the end.
class Fields {
public:
  Fields(const llvm::json::Object &object, std::string where)
      : object(object), where(std::move(where)) {}

  void number(llvm::StringRef name, double &value, double low, double high);
  void integer(llvm::StringRef name, int64_t &value, int64_t low,
               int64_t high = int64_t(1) << 53);
  void text(llvm::StringRef name, std::string &value);
  /// One of some words, by its place among them.
  template <typename Kind>
  void choice(llvm::StringRef name, Kind &value,
              llvm::ArrayRef<llvm::StringRef> words) {
    if (std::optional<size_t> place = findChoice(name, words))
      value = static_cast<Kind>(*place);
  }
  /// A glob, or a list of them.
  void globs(llvm::StringRef name, std::vector<std::string> &value);
  using Read = llvm::function_ref<void(Fields &)>;
  /// The fields of an object in this one.
  void nested(llvm::StringRef name, Read read);
  /// The fields of each object of a list in this one.
  void list(llvm::StringRef name, Read read);

  const llvm::json::Value *find(llvm::StringRef name);
  /// Fields without a default.
  void require(llvm::ArrayRef<llvm::StringRef> names);
  void fail(llvm::StringRef name, const llvm::Twine &what);
  void refuseUnknown();

  const llvm::json::Object &object;
  std::string error;

private:
  std::optional<size_t> findChoice(llvm::StringRef name,
                                   llvm::ArrayRef<llvm::StringRef> words);
  void readInner(const llvm::json::Object &inner, std::string path, Read read);
  std::string path(llvm::StringRef name) const {
    return where.empty() ? name.str() : where + "." + name.str();
  }

  std::string where;
  llvm::StringSet<> known;
};

} // namespace vescale

#endif // VESCALE_SUPPORT_FIELDS_H
