//===- Shape.cpp - What a JSON document consists of -------------*- C++ -*-===//

#include "lib/Report/Plan/Shape.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"
#include <cmath>

using namespace llvm;
using namespace vescale;
using namespace vescale::shape;

std::string Where::str() const {
  std::string path = outer ? outer->str() : "";
  if (!outer)
    return path;
  if (field.empty())
    return path + "[" + std::to_string(index) + "]";
  return path + (path.empty() ? "" : ".") + field.str();
}

Error Where::error(const Twine &what) const {
  std::string path = str();
  return createStringError(errc::invalid_argument,
                           (path.empty() ? "the document" : path) + ": " +
                               what);
}

Check shape::text() {
  return [](const json::Value &value, const Where &where) -> Error {
    return value.getAsString() ? Error::success()
                               : where.error("expected a text");
  };
}

Check shape::word(std::vector<StringLiteral> words) {
  return [words](const json::Value &value, const Where &where) -> Error {
    std::optional<StringRef> text = value.getAsString();
    if (text && is_contained(words, *text))
      return Error::success();
    std::string known =
        join(map_range(words,
                       [](StringRef word) { return "\"" + word.str() + "\""; }),
             ", ");
    return where.error("expected one of " + known);
  };
}

Check shape::number() {
  return [](const json::Value &value, const Where &where) -> Error {
    std::optional<double> number = value.getAsNumber();
    return number && std::isfinite(*number) && *number >= 0
               ? Error::success()
               : where.error("expected a number that is not negative");
  };
}

Check shape::integer(int64_t least, int64_t most) {
  return [least, most](const json::Value &value, const Where &where) -> Error {
    std::optional<int64_t> number = value.getAsInteger();
    return number && *number >= least && *number <= most
               ? Error::success()
               : where.error("expected an integer from " + Twine(least) +
                             " to " + Twine(most));
  };
}

Check shape::list(Check element, size_t least) {
  return
      [element, least](const json::Value &value, const Where &where) -> Error {
        const json::Array *array = value.getAsArray();
        if (!array)
          return where.error("expected a list");
        if (array->size() < least)
          return where.error("expected " + Twine(least) + " or more elements");
        for (size_t index = 0; index < array->size(); ++index)
          if (Error error = element((*array)[index], {&where, "", index}))
            return error;
        return Error::success();
      };
}

Check shape::tuple(std::vector<Check> elements, size_t optional) {
  return [elements, optional](const json::Value &value,
                              const Where &where) -> Error {
    const json::Array *array = value.getAsArray();
    if (!array || array->size() > elements.size() ||
        array->size() + optional < elements.size())
      return where.error(
          "expected a list of " +
          (optional ? Twine(elements.size() - optional) + " to " : Twine()) +
          Twine(elements.size()) + " elements");
    for (size_t index = 0; index < array->size(); ++index)
      if (Error error = elements[index]((*array)[index], {&where, "", index}))
        return error;
    return Error::success();
  };
}

Check shape::map(Check value) {
  return [value](const json::Value &object, const Where &where) -> Error {
    const json::Object *fields = object.getAsObject();
    if (!fields)
      return where.error("expected an object");
    for (const auto &[key, each] : *fields)
      if (Error error = value(each, {&where, key}))
        return error;
    return Error::success();
  };
}

Check shape::object(std::vector<Field> fields) {
  return [fields](const json::Value &value, const Where &where) -> Error {
    const json::Object *object = value.getAsObject();
    if (!object)
      return where.error("expected an object");
    for (const Field &field : fields) {
      Where inside{&where, field.name};
      if (const json::Value *each = object->get(field.name)) {
        if (Error error = field.check(*each, inside))
          return error;
      } else if (field.presence == Field::Required) {
        return inside.error("is missing");
      }
    }
    for (const auto &[key, each] : *object)
      if (none_of(fields, [key = StringRef(key)](const Field &field) {
            return field.name == key;
          }))
        return Where{&where, key}.error("is no field here");
    return Error::success();
  };
}
