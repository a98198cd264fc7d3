//===- Passes.td - Giving every value a layout -----------------*- tablegen -*-===//
#ifndef VESCALE_PASSES_PLAN_PASSES
#define VESCALE_PASSES_PLAN_PASSES

include "mlir/Pass/PassBase.td"

def ApplyPlanPass : Pass<"dist-apply-plan", "::mlir::ModuleOp"> {
  let summary = "Marks values with the layouts that a plan file names";
  let description = [{
    Input: `graph` ops without layouts. Output: the same with a `dist.mesh` and
    a pinned `dist.seed` on every parameter, input, output or op that an entry of
    the plan matches, by the name it has in the model. Where several match, the
    last wins; an entry that matches nothing is an error. A node's name stands for
    the node, also where it is computed again, and not for the ops of its
    gradient. An entry with `offer` is about attention and its gradient, which get a
    `dist.offer`.

    test/Plan/apply-plan.mlir shows an input and its output.
  }];
  let options = [Option<"plan", "plan", "std::string", "",
                        "the plan file (vescale.plan/1)">,
                 Option<"layoutsAlone", "layouts-alone", "bool", "false",
                        "do not hold the step against the rest of the plan">];
  let dependentDialects = ["::vescale::dist::DistDialect"];
}

def ApplyDefaultLayoutsPass
    : Pass<"dist-apply-default-layouts", "::mlir::ModuleOp"> {
  let summary = "Marks values with the layouts that a mesh's axes stand for";
  let description = [{
    Input: `graph` ops without layouts. Output: the same with a `dist.mesh` and
    `dist.seed`s by the rules everyone knows, found by structure, never by name:

    - `dp` shards dimension 0 of the first input and of all inputs that have the
      same size there (unless that is 1);
    - `tp` shards the heads of each attention; the hidden dimension of each pair
      of products with weights between which nothing needs that dimension whole
      (Shoeybi et al., Megatron-LM, 2019); the rows of the largest lookup table,
      and the columns of a final product that has as many;
    - with `sp=megatron`, norms work on sequence shards over `sp-axis`
      (Korthikanti et al., Reducing Activation Recomputation, 2022);
    - with `sp=ulysses`, positions are sharded over `sp-axis` from the inputs on,
      and attention's heads where it needs them whole (Jacobs et al., DeepSpeed
      Ulysses, 2023).

    A size that the axis cannot divide where it must is left whole, with a
    remark.

    test/Plan/default-layouts.mlir shows an input and its output.
  }];
  let options = [
    Option<"mesh", "mesh", "std::string", "", "axes, slowest first: dp=2,tp=2">,
    Option<"sp", "sp", "std::string", "",
           "sequence sharding: megatron or ulysses">,
    Option<"spAxis", "sp-axis", "std::string", "",
           "its axis, by default tp for megatron and sp for ulysses">];
  let dependentDialects = ["::vescale::dist::DistDialect"];
}

def MarkStoragePass : Pass<"dist-mark-storage", "::mlir::ModuleOp"> {
  let summary = "Marks what a training step stores in shards";
  let description = [{
    Input: a training step with a `dist.mesh` and seeds. Output: the same, in which
    optimizer state, gradients that micro-batches add up, and parameters have a
    `dist.storage`: they are stored in shards over these axes beyond what
    computations need (Rajbhandari et al., ZeRO, 2020). Where a plan has pinned one
    over these axes already, that is how it is stored, and computations see it
    without them; its optimizer state follows, unless the plan pins that, too. What was decided stays in the module as `dist.zero`.

    The options and the plan's `storage` must not contradict each other.

    test/Plan/mark-storage.mlir shows an input and its output.
  }];
  let options = [
    Option<"plan", "plan", "std::string", "", "a plan file, for its `storage`">,
    Option<"zero", "zero", "int64_t", "-1",
           "what is stored sharded: 0 nothing, 1 the optimizer's state, 2 sums of "
           "gradients too, 3 parameters too; -1 what the plan says">,
    Option<"zeroAxes", "zero-axes", "std::string", "",
           "the axes, major to minor, over which it is (dp)">];
  let dependentDialects = ["::vescale::dist::DistDialect"];
}

def OrderSumsPass : Pass<"dist-order-sums", "::mlir::ModuleOp"> {
  let summary = "Gives every sum of a reproducible module one order";
  let description = [{
    Input: `graph` ops without layouts, in a module marked `dist.reproducible`;
    others stay as they are. Output: the same, where every op that adds up
    floats has `dist.leaves`: a sum is a balanced tree over so many equal parts
    of its outermost summed dimension, which is what ranks may share. Sums over
    several dimensions are split, sums of 16-bit floats are made in f32.
    See docs/Design/reproducible.md.

    test/Plan/order-sums.mlir shows an input and its output.
  }];
}

def PropagatePass : Pass<"dist-propagate", "::mlir::ModuleOp"> {
  let summary = "Completes layouts and makes every reshard explicit";
  let description = [{
    Input: `graph` ops of which some carry a `dist.seed`, or a layout in their
    type, which pins it. Output: every value has a layout, every op keeps its
    sharding rule, and where a value is wanted in another layout stands a
    `dist.reshard` that says why.

    Sharding spreads along the factors that ops share, forwards and backwards,
    one priority after the other, until nothing changes (GSPMD, Xu et al.,
    2021). Where two seeds meet that cannot both hold, each op takes the
    computation that moves the fewest bytes, weights last of all, and a remark
    names both, with what it costs. Partial values stay partial through ops that
    are linear in them, as long as that does not make them larger; a seed that
    pins the result of an op as partial is kept, or refused where it is no such
    sum.

    The layouts of ops that had a seed are noted in the module, as
    `dist.recorded`, by the names of the model's nodes; a bundle's plan file
    repeats them.

    test/Plan/propagate.mlir shows an input and its output.
  }];
  let options = [
    Option<"remarkBytes", "remark-bytes", "int64_t", "65536",
           "leave out remarks on reshards that make each rank send less">];
  let statistics = [
    Statistic<"reshards", "reshards", "reshards inserted">];
}

def VerifyLayoutsPass : Pass<"dist-verify-layouts", "::mlir::ModuleOp"> {
  let summary = "Checks every op's layouts against its sharding rule";
  let description = [{
    Closes the plan phase: every tensor has a layout on the module's mesh, and no
    op changes one by the way, such as a cast between layouts.
    The shards of a training step's inputs are equal parts of its batch.
  }];
}

#endif // VESCALE_PASSES_PLAN_PASSES
