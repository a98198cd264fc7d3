//===- Bounds.cpp - What is left of a combination costs at least -*- C++
//-*-===//
//
// Dynamic programming from the last step to the first.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Choices/Bounds.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace vescale::planner;

StateWalk::StateWalk(const Step &step, size_t first)
    : step(step), values(step.digits.size(), 0) {
  for (size_t index = values.size(); index-- > 0;) {
    const Step::Digit &digit = step.digits[index];
    values[index] = first % digit.choices;
    first /= digit.choices;
    after += values[index] * digit.weight;
  }
}

void StateWalk::addLinks(std::vector<double> &sums, bool countsCosts) const {
  for (const Step::Link &link : step.links) {
    const double *row = &link.costs[values[link.digit] * step.choices];
    for (unsigned choice = 0; choice < step.choices; ++choice)
      if (countsCosts || std::isinf(row[choice]))
        sums[choice] += row[choice];
  }
}

void StateWalk::next() {
  for (size_t index = values.size(); index-- > 0;) {
    const Step::Digit &digit = step.digits[index];
    after += digit.weight;
    if (++values[index] < digit.choices)
      return;
    after -= digit.weight * digit.choices;
    values[index] = 0;
  }
}

void Completions::measureChoices(size_t step, const StateWalk &walk,
                                 std::vector<double> &sums) const {
  sums = own[step];
  walk.addLinks(sums, measure.countsCosts);
  const std::vector<double> &later = least[step + 1];
  for (unsigned choice = 0; choice < sums.size(); ++choice)
    sums[choice] += later[walk.base() + choice * steps[step].weight];
}

Completions::Completions(const std::vector<Step> &steps,
                         const StepPrices &prices, Measure measure)
    : steps(steps), own(prices.costs), measure(measure),
      least(steps.size() + 1) {
  for (size_t at = 0; at < steps.size(); ++at)
    for (unsigned choice = 0; choice < steps[at].choices; ++choice) {
      double &price = own[at][choice];
      auto memory = static_cast<double>(prices.memory[at][choice]);
      if (measure.countsCosts)
        price += measure.multiplier * memory;
      else if (!std::isinf(price))
        price = memory;
    }
  least.back().assign(1, 0.0);
  std::vector<double> sums;
  for (size_t at = steps.size(); at-- > 0;) {
    least[at].reserve(steps[at].states);
    StateWalk walk(steps[at]);
    for (size_t state = 0; state < steps[at].states; ++state, walk.next()) {
      measureChoices(at, walk, sums);
      least[at].push_back(*llvm::min_element(sums));
    }
  }
}

double Completions::totalWith(llvm::ArrayRef<unsigned> first) const {
  double total = 0;
  std::vector<double> sums;
  size_t state = 0;
  for (auto [at, choice] : llvm::enumerate(first)) {
    StateWalk walk(steps[at], state);
    sums = own[at];
    walk.addLinks(sums, measure.countsCosts);
    total += sums[choice];
    state = walk.base() + choice * steps[at].weight;
  }
  return total + least[first.size()][state];
}

std::vector<unsigned>
Completions::trace(llvm::ArrayRef<unsigned> first) const {
  std::vector<unsigned> choices;
  std::vector<double> sums;
  size_t state = 0;
  for (size_t at = 0; at < steps.size(); ++at) {
    StateWalk walk(steps[at], state);
    if (at < first.size()) {
      choices.push_back(first[at]);
    } else {
      measureChoices(at, walk, sums);
      choices.push_back(llvm::min_element(sums) - sums.begin());
    }
    state = walk.base() + choices.back() * steps[at].weight;
  }
  return choices;
}
