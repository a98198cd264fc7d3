//===- Progress.h - Which phase a compilation is in -------------*- C++ -*-===//
#ifndef VESCALE_DRIVER_PROGRESS_H
#define VESCALE_DRIVER_PROGRESS_H

#include "vescale/Driver/Phases.h"

namespace vescale {

/// Prints phases to stderr: on a terminal one line that is overwritten, nothing
/// elsewhere.
class Progress {
public:
  Progress();
  ~Progress() { end(); }
  void begin(Phase phase);
  /// Clears the line.
  void end();

private:
  bool onTerminal;
  bool shown = false;
};

} // namespace vescale

#endif // VESCALE_DRIVER_PROGRESS_H
