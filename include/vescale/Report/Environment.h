//===- Environment.h - What vescale finds on a machine ----------*- C++ -*-===//
//
// The versions, the hardware and the parts that compiled programs depend on:
// what vescale-report prints.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_REPORT_ENVIRONMENT_H
#define VESCALE_REPORT_ENVIRONMENT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace vescale {

/// Something that is there, or a reason why it is not.
struct Part {
  std::string name;
  /// Its version, or what is to say of it.
  std::string detail;
  /// Empty if it is available.
  std::string problem;

  bool isAvailable() const { return problem.empty(); }
};

struct Processor {
  std::string model;
  /// The name by which LLVM knows it.
  std::string llvmName;
  /// The highest of x86-64-v1 to -v4 that it runs; another architecture's name
  /// elsewhere.
  std::string level;
  /// Those of the features that generated code and libraries make use of.
  std::vector<std::string> features;
  int64_t cores = 0;
  /// The cores that this process may run on.
  int64_t usableCores = 0;
};

/// Sizes in bytes; -1 where the machine does not tell.
struct Memory {
  int64_t total = -1;
  int64_t available = -1;
  /// What the process's control group allows.
  int64_t limit = -1;
  /// Free space in /dev/shm, where ranks of one machine exchange.
  int64_t sharedFree = -1;
};

struct Environment {
  std::string version;
  std::string llvmVersion;
  Processor processor;
  Memory memory;
  std::vector<Part> libraries;
  std::vector<Part> targets;
  std::vector<Part> transports;
};

/// Looks around. `libraryDir` holds the runtime's libraries.
Environment readEnvironment(llvm::StringRef libraryDir);

void printTable(const Environment &environment, llvm::raw_ostream &os);
void printJson(const Environment &environment, llvm::raw_ostream &os);

} // namespace vescale

#endif // VESCALE_REPORT_ENVIRONMENT_H
