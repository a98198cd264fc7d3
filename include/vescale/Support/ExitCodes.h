//===- ExitCodes.h - What the tools' exit codes mean ------------*- C++ -*-===//

#ifndef VESCALE_SUPPORT_EXITCODES_H
#define VESCALE_SUPPORT_EXITCODES_H

namespace vescale {

enum ExitCode : int {
  exitDone = 0,
  exitRunFailed = 1,
  exitUsage = 2,
  exitBadInput = 3,
  exitNoPlan = 4,     ///< no feasible plan: too little memory, indivisible
  exitStartAgain = 75 ///< stopped in order (EX_TEMPFAIL)
};

} // namespace vescale

#endif // VESCALE_SUPPORT_EXITCODES_H
