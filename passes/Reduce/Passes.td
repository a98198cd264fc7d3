//===- Passes.td - Making failing programs smaller -------------*- tablegen -*-===//
#ifndef VESCALE_PASSES_REDUCE_PASSES
#define VESCALE_PASSES_REDUCE_PASSES

include "mlir/Pass/PassBase.td"

def ReducePass : Pass<"graph-reduce", "::mlir::ModuleOp"> {
  let summary = "Makes a program smaller while a test finds it interesting";
  let description = [{
    Input: any module of functions of one block each. Output: a smaller one that
    verifies and for which the test still exits with 1. Ops are left out from the
    end, results and functions dropped, and ops replaced by parameters, many at a
    time first, until no single step is left that keeps the program interesting.
    Only in `vescale-reduce`.

    MLIR's own `reduction-tree` erases ops that are in use, and so cannot reduce
    programs in which values flow from op to op.

    test/Tools/Inputs/reduce.mlir is reduced by test/Tools/reduce.test.
  }];
  let options = [
    Option<"test", "test", "std::string", "",
           "a program that gets the file as its argument and exits with 1 if it "
           "is interesting">];
  let dependentDialects = ["::vescale::graph::GraphDialect"];
}

#endif // VESCALE_PASSES_REDUCE_PASSES
