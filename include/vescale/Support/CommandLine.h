//===- CommandLine.h - Help that fits on a screen ---------------*- C++ -*-===//
#ifndef VESCALE_SUPPORT_COMMANDLINE_H
#define VESCALE_SUPPORT_COMMANDLINE_H

namespace vescale {

/// Hides the options registered so far, those of linked libraries, from --help.
/// For tools whose own options appear only when MLIR's main function runs.
void hideLibraryOptions();

} // namespace vescale

#endif // VESCALE_SUPPORT_COMMANDLINE_H
