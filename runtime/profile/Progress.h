// Shows on stderr how far the measurements are: a bar on a terminal, a line for
// each round elsewhere.
#ifndef VESCALE_RUNTIME_PROFILE_PROGRESS_H
#define VESCALE_RUNTIME_PROFILE_PROGRESS_H

#include <cstdint>
#include <string>

namespace vescale::runtime {

class Progress {
public:
  /// `shown`: whether this rank is the one that talks.
  Progress(bool shown, double seconds);

  void show(const std::string &stage, const std::string &subject,
            double elapsed = 0);
  void finish(int64_t rounds, double elapsed);

private:
  bool shown, terminal;
  double seconds;
  std::string lastStage;
  int64_t lastShown = 0; // nanoseconds
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_PROGRESS_H
