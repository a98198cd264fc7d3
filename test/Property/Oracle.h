//===- Oracle.h - What a right program may give -----------------*- C++ -*-===//
#ifndef VESCALE_TEST_PROPERTY_ORACLE_H
#define VESCALE_TEST_PROPERTY_ORACLE_H

#include "Bounds.h"
#include "Generator.h"
#include "vescale/Interpreter/Parameters.h"

namespace vescale::test {

/// A program's inputs and parameters, as doubles that their types hold.
struct Values {
  std::vector<Tensor> arguments;
  llvm::StringMap<Tensor> parameters;
};
Values randomValues(const Generator &generator, uint64_t seed);

/// How much was compared.
struct Coverage {
  int64_t checked = 0;
  /// Elements whose bound is infinite.
  int64_t unbounded = 0;
  /// Elements of results that depend on a decision that rounding may turn.
  int64_t undecided = 0;

  double share() const;
  std::string str() const;
};

/// Evaluates a function of graph ops with bounds.
class Oracle {
public:
  Oracle(Bounds::Precision precision, bool split)
      : arithmetic(precision, split) {}

  llvm::LogicalResult run(mlir::func::FuncOp function, const Values &values);

  /// Why result `index` is not what it may be, or nothing. A difference of up
  /// to `allowed` times the largest value passes in any case.
  std::string compare(unsigned index, const Tensor &actual, double allowed,
                      Coverage &coverage) const;

private:
  Tensor lift(const Tensor &doubles);

  Bounds arithmetic;
  struct Result {
    Tensor tensor;
    bool decided;
  };
  std::vector<Result> results;
};

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_ORACLE_H
