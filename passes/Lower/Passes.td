//===- Passes.td - From local graph ops to a rank program ------*- tablegen -*-===//
#ifndef VESCALE_PASSES_LOWER_PASSES
#define VESCALE_PASSES_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def LowerSupportedTypes : Pass<"graph-lower-supported-types", "::mlir::ModuleOp"> {
  let summary = "Casts around library ops whose element types have no call";
  let description = [{
    The library multiplies f32 and bf16 matrices, and convolves and attends in
    f32. Contractions in f16, convolutions and attention in f16 and bf16 become
    casts, the op in f32 and a cast back; attention's masks become f32 or
    booleans. Of f64, attention and its gradient become the ops that they are
    made of; the rest and integers stay: they become generated kernels.

    Input: local graph ops. Output: the same, the library's types.
  }];
}

def LowerToRank : Pass<"graph-lower-to-rank", "::mlir::ModuleOp"> {
  let summary = "Turns a function of local graph ops into a rank program";
  let description = [{
    Decides which values lie in memory and which are recomputed where they are
    read (fusion, see docs/Design/lowering.md), turns contractions, attention
    and convolutions into library calls on strided operands, collectives into
    steps on communication buffers, and emits a kernel function for every group
    of other ops.

    Input: a module with one public function of graph ops on tensors without
    layouts, and dist collectives. Output: one rank.program and kernel
    functions; no graph or dist op is left but dist.mesh.
  }];
  let dependentDialects = ["::vescale::rank::RankDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
  let options = [
    Option<"threads", "threads", "int64_t", "32",
           "most threads of a rank that library scratch is laid out for">
  ];
  let statistics = [
    Statistic<"kernels", "kernels", "Number of kernels">,
    Statistic<"libraryCalls", "library-calls", "Number of library calls">
  ];
}

def DedupeKernels : Pass<"rank-dedupe-kernels", "::mlir::ModuleOp"> {
  let summary = "Keeps one of each set of kernels with the same body";
  let description = [{
    Layers that repeat give kernels that differ in nothing but the name.

    Input and output: a rank.program and kernel functions.
  }];
  let statistics = [
    Statistic<"removed", "removed", "Number of kernels removed">
  ];
}

def OrderWork : Pass<"rank-order-work", "::mlir::ModuleOp"> {
  let summary = "Puts work between collectives and their uses";
  let description = [{
    A collective whose result is used at once has nothing to hide behind, as the
    sums in tensor parallel layouts and the transfers before attention in Ulysses.
    Work before it that it does not depend on, such as products that give weights'
    gradients, goes behind it; work behind its use that does not need it goes ahead
    of that use. Each step goes if the entry is shorter for it, played on a clock
    over links on which all transfers take a half, one, or two times as long as
    all work, and if the program needs no more memory. See docs/Design/overlap.md.

    Input: a rank.program with a wait behind each collective, without offsets.
    Output: the same in another order; test/Lower/order-work.mlir shows both.
  }];
  let options = [
    Option<"bucketBytes", "bucket-bytes", "int64_t", "2097152",
           "most bytes of collectives that will go together">
  ];
  let statistics = [
    Statistic<"reordered", "reordered", "Number of entries in another order">
  ];
}

def ScheduleCollectives : Pass<"rank-schedule-collectives", "::mlir::ModuleOp"> {
  let summary = "Buckets collectives and overlaps them with work";
  let description = [{
    All-reduces, all-gathers and reduce-scatters of one group become one exchange
    of up to `bucket-bytes`, unless that would make one wait for another that is
    ready only after its use. Each exchange starts when the last of its inputs is
    ready, unless one that is used earlier will be ready soon and would be late
    behind it, and is waited for right before its first use; gathers of parameters
    start `ahead` buckets before work needs them. At most `in-flight` of the others
    are under way at once: beyond that the oldest is waited for, which frees its
    inputs. All other steps keep their order. See docs/Design/overlap.md.

    Input: a rank.program with a wait behind each collective, without offsets.
    Output: the same, scheduled; test/Lower/schedule-collectives.mlir shows both.
  }];
  let options = [
    Option<"bucketBytes", "bucket-bytes", "int64_t", "2097152",
           "most bytes of collectives that go together; 0: each goes alone">,
    Option<"inFlight", "in-flight", "int64_t", "4",
           "most other exchanges under way at once">,
    Option<"ahead", "ahead", "int64_t", "4",
           "most buckets of gathered parameters that work has no use for yet">
  ];
  let statistics = [
    Statistic<"collectives", "collectives", "Number of collectives">,
    Statistic<"exchanges", "exchanges", "Number of exchanges made of them">
  ];
}

def PlanArena : Pass<"rank-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Gives every buffer its offset in the arena";
  let description = [{
    Best fit by liveness, largest buffers first. Inputs, outputs and parameters
    live throughout; so a program can run again without loading anything.

    Input: a rank.program without offsets. Output: with offsets and sizes.
  }];
  let statistics = [
    Statistic<"arenaBytes", "arena-bytes", "Bytes of the arena">,
    Statistic<"liveBytes", "live-bytes",
              "Largest number of bytes that live at once">
  ];
}

def VerifyLowered : Pass<"rank-verify-lowered", "::mlir::ModuleOp"> {
  let summary = "Checks that lowering left a complete rank program";
  let description = [{ Closes the phase: one rank.program with a laid out arena,
    every kernel it names, no other op; names the pass that should have removed
    what it finds. }];
}

#endif // VESCALE_PASSES_LOWER_PASSES
