//===- Shape.h - What a JSON document consists of ---------------*- C++ -*-===//
//
// A document's form, put together from checks: object({{"name", text()}, …}).
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_REPORT_PLAN_SHAPE_H
#define VESCALE_LIB_REPORT_PLAN_SHAPE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <functional>

namespace vescale::shape {

/// A value's place, a chain on the stack: it becomes a text for errors alone.
struct Where {
  const Where *outer = nullptr;
  llvm::StringRef field; ///< Empty for an element.
  size_t index = 0;

  std::string str() const;
  llvm::Error error(const llvm::Twine &what) const;
};

using Check =
    std::function<llvm::Error(const llvm::json::Value &, const Where &)>;

struct Field {
  enum Presence { Required, Optional };
  llvm::StringLiteral name;
  Check check;
  Presence presence = Required;
};

Check text();
/// One of these.
Check word(std::vector<llvm::StringLiteral> words);
/// Finite, not negative.
Check number();
Check integer(int64_t least, int64_t most);
Check list(Check element, size_t least = 0);
/// A list whose elements have a check each; the last `optional` may be missing.
Check tuple(std::vector<Check> elements, size_t optional = 0);
/// An object with any keys.
Check map(Check value);
/// An object with these fields and no other.
Check object(std::vector<Field> fields);

} // namespace vescale::shape

#endif // VESCALE_LIB_REPORT_PLAN_SHAPE_H
