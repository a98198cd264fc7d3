//===- Names.h - Texts by number --------------------------------*- C++ -*-===//
#ifndef VESCALE_LIB_REPORT_PLAN_NAMES_H
#define VESCALE_LIB_REPORT_PLAN_NAMES_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace vescale {

/// A list of texts in which each is once.
class Names {
public:
  int64_t number(llvm::StringRef text) {
    auto [place, isNew] = numbers.try_emplace(text, texts.size());
    if (isNew)
      texts.push_back(llvm::json::fixUTF8(text));
    return place->second;
  }
  llvm::json::Array take() { return std::move(texts); }

private:
  llvm::StringMap<int64_t> numbers;
  llvm::json::Array texts;
};

} // namespace vescale

#endif // VESCALE_LIB_REPORT_PLAN_NAMES_H
