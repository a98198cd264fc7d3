//===- RandomOps.td - What is drawn at random ------------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_RANDOM
#define VESCALE_DIALECTS_GRAPH_RANDOM

include "dialects/Graph/GraphBase.td"
include "mlir/IR/AttrTypeBase.td"

def Graph_DropAttr : AttrDef<Graph_Dialect, "Drop"> {
  let mnemonic = "drop";
  let summary = "which elements are dropped";
  let description = [{
    An element numbered c is dropped in a step if its word is below
    `rate` · 2³². Words are Philox4x32-10's (Salmon et al., SC 2011) under the key
    `seed` at the counter (block low, block high, step, `site`), where the block is
    16 · (c div 64) + c mod 16 and the word in it c div 16 mod 4. Sites tell draws
    apart that number their elements alike. What is kept counts 1 / (1 - `rate`)
    times. `#graph.drop<rate = 1.0e-01, seed = 1234, site = 3>`
  }];
  let parameters = (ins "::mlir::FloatAttr":$rate, "int64_t":$seed,
                        "int64_t":$site);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Words below this drop their element.
    uint32_t getThreshold() const;
    /// What is kept is multiplied by this.
    double getScale() const;
    bool keeps(uint64_t counter, uint64_t step) const;
  }];
}

def Graph_DropoutOp : Graph_Op<"dropout", [AttrSizedOperandSegments]> {
  let summary = "drops elements at random, in training";
  let description = [{
    result[i…, j] is 0 where the element numbered `counters[i…]` + j is dropped in
    step `step` (#graph.drop says which are), else input[i…, j] / (1 - rate). The
    numbers belong to the elements of the whole tensor in the whole batch of a
    step, so that neither layouts nor micro-batches change what is dropped. The
    same op on the result's gradient is the derivative: no mask is stored.

    Without `counters` and `step` it says that elements are to be dropped, as a
    model's file does, and not which. `train-add-dropout` gives it both, and
    `graph-remove-dropout` takes it out of what is not trained.
  }];
  let arguments = (ins Graph_FloatTensor:$input,
      Optional<Graph_IntTensor>:$counters, Optional<Graph_IntTensor>:$step,
      Graph_DropAttr:$drop);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`counters` $counters^ `step` $step `:` type($counters) `,`
    type($step))? $drop attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_RANDOM
