// What a bundle's prediction.json says a step takes.
#ifndef VESCALE_RUNTIME_CORE_PREDICTION_H
#define VESCALE_RUNTIME_CORE_PREDICTION_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vescale::runtime {

struct Prediction {
  double stepMs;
  int64_t threads; // of a rank; 0: of an accelerator
};

/// Nothing where there is no such file; a BadInput failure where it is no
/// prediction.
std::optional<Prediction> readPrediction(const std::string &path);

double medianOf(std::vector<double> values);

/// Both in words, for people.
std::string compareTimes(double measuredMs, int threads,
                         const Prediction &prediction);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_PREDICTION_H
