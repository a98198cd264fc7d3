// Checked access to a JSON file's fields.
#ifndef VESCALE_RUNTIME_CORE_JSONFIELD_H
#define VESCALE_RUNTIME_CORE_JSONFIELD_H

#include "runtime/core/DType.h"
#include "runtime/core/Error.h"

#include <nlohmann/json.hpp>

namespace vescale::runtime {

/// A JSON value that knows its path, so that every error can name it.
class JsonField {
public:
  JsonField(const nlohmann::json &value, std::string path)
      : value(value), path(std::move(path)) {}

  [[noreturn]] void bad(const std::string &why) const {
    fail(ExitCode::BadInput, path, ": ", why);
  }
  bool has(const char *key) const {
    return value.is_object() && value.contains(key) && !value[key].is_null();
  }
  JsonField operator[](const char *key) const {
    if (!has(key))
      bad(cat("'", key, "' is missing"));
    return JsonField(value[key], path + "." + key);
  }
  std::vector<JsonField> list() const {
    if (!value.is_array())
      bad("expected a list");
    std::vector<JsonField> fields;
    for (size_t i = 0; i < value.size(); ++i)
      fields.emplace_back(value[i], cat(path, "[", i, "]"));
    return fields;
  }
  std::vector<std::pair<std::string, JsonField>> entries() const {
    if (!value.is_object())
      bad("expected an object");
    std::vector<std::pair<std::string, JsonField>> fields;
    for (const auto &[key, inner] : value.items())
      fields.emplace_back(key, JsonField(inner, path + "." + key));
    return fields;
  }
  std::string string() const {
    if (!value.is_string())
      bad("expected a string");
    return value.get<std::string>();
  }
  double number() const {
    if (!value.is_number())
      bad("expected a number");
    return value.get<double>();
  }
  bool boolean() const {
    if (!value.is_boolean())
      bad("expected true or false");
    return value.get<bool>();
  }
  int64_t integer() const {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() &&
         value.get<uint64_t>() > uint64_t(INT64_MAX)))
      bad("expected an integer");
    return value.get<int64_t>();
  }
  int64_t size() const {
    int64_t result = integer();
    if (result < 0)
      bad(cat("negative: ", result));
    return result;
  }
  uint64_t natural() const {
    if (!value.is_number_unsigned())
      bad("expected a number that is not negative");
    return value.get<uint64_t>();
  }
  std::vector<int64_t> sizes() const {
    std::vector<int64_t> result;
    for (const JsonField &field : list())
      result.push_back(field.size());
    return result;
  }
  const nlohmann::json &object() const {
    if (!value.is_object())
      bad("expected an object");
    return value;
  }
  vs_dtype dtype() const {
    std::string name = string();
    auto dtype = dtypeFromName(name);
    if (!dtype)
      bad(cat("unknown element type '", name, "'"));
    return *dtype;
  }

private:
  const nlohmann::json &value;
  std::string path;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_JSONFIELD_H
