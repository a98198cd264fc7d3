// Reads prediction.json.
#include "runtime/core/Prediction.h"

#include "runtime/core/JsonField.h"
#include "runtime/io/MappedFile.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace vescale::runtime {

std::optional<Prediction> readPrediction(const std::string &path) {
  if (access(path.c_str(), F_OK) != 0)
    return std::nullopt;
  MappedFile file(path, "prediction");
  nlohmann::json value = nlohmann::json::parse(
      file.data(), file.data() + file.size(), nullptr, false);
  JsonField root(value, path);
  if (value.is_discarded())
    root.bad("not JSON");
  if (std::string schema = root["schema"].string();
      schema != "vescale.prediction/1")
    root.bad(cat("its schema is '", schema, "', not vescale.prediction/1"));
  return Prediction{root["step_us"].number() * 1e-3, root["threads"].size()};
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

std::string compareTimes(double measuredMs, int threads,
                         const Prediction &prediction) {
  char text[96];
  std::snprintf(text, sizeof(text), "measured %.4g ms, predicted %.4g ms",
                measuredMs, prediction.stepMs);
  if (prediction.threads == threads)
    return text;
  return cat(text, " with threads ", prediction.threads);
}

} // namespace vescale::runtime
