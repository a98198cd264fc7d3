//===- Bounds.h - What is left of a combination costs at least --*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_CHOICES_BOUNDS_H
#define VESCALE_LIB_PLANNER_CHOICES_BOUNDS_H

#include "lib/Planner/Choices/Order.h"

namespace vescale::planner {

/// The prices of each step's choices, some of which may be excluded: they cost
/// infinitely much.
struct StepPrices {
  std::vector<std::vector<double>> costs;
  std::vector<std::vector<int64_t>> memory;
};

/// Walks the states before a step in their order.
class StateWalk {
public:
  explicit StateWalk(const Step &step, size_t first = 0);

  /// Adds to `sums`, one for each own choice, what the links to the open nodes
  /// cost; or only what is infinite.
  void addLinks(std::vector<double> &sums, bool countsCosts = true) const;
  /// The state after, less what the own choice adds.
  size_t base() const { return after; }
  void next();

private:
  const Step &step;
  llvm::SmallVector<unsigned> values;
  size_t after = 0;
};

/// What a bound counts: costs, and memory times the multiplier; or memory
/// alone, of combinations that do not cost infinitely much.
struct Measure {
  bool countsCosts = true;
  double multiplier = 0;
};

/// For each state before each step the least measure that the steps from there
/// on can have.
class Completions {
public:
  Completions(const std::vector<Step> &steps, const StepPrices &prices,
              Measure measure);

  double at(size_t step, size_t state) const { return least[step][state]; }
  /// The least sum of all steps.
  double total() const { return least[0][0]; }
  /// The least sum of all steps that begin with these choices.
  double totalWith(llvm::ArrayRef<unsigned> first) const;
  /// For each step the choice that leads to it, if they begin with these.
  std::vector<unsigned> trace(llvm::ArrayRef<unsigned> first = {}) const;

private:
  /// Of the step's choices, with what links to the walk's state cost.
  void measureChoices(size_t step, const StateWalk &walk,
                      std::vector<double> &sums) const;

  const std::vector<Step> &steps;
  std::vector<std::vector<double>> own;
  Measure measure;
  std::vector<std::vector<double>> least;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_CHOICES_BOUNDS_H
