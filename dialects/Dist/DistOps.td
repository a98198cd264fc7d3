//===- DistOps.td - Meshes, reshards and collectives -----------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_DIST_OPS
#define VESCALE_DIALECTS_DIST_OPS

include "dialects/Dist/Dist.td"
include "dialects/Dist/DistInterfaces.td"
include "dialects/Interfaces/Evaluate.td"
include "dialects/Interfaces/Lower.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Dist_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dist_Dialect, mnemonic, traits>;

/// An op without communication.
class Dist_LocalOp<string mnemonic, list<Trait> traits = []>
    : Dist_Op<mnemonic, !listconcat(
          [Pure, DeclareOpInterfaceMethods<EvaluateOpInterface>], traits)>;

def Dist_MeshOp : Dist_Op<"mesh", [Symbol]> {
  let summary = "a named mesh of ranks";
  let description = [{ `dist.mesh @m <"dp"=2, "tp"=4>` }];
  let arguments = (ins SymbolNameAttr:$sym_name, Dist_MeshAttr:$axes);
  let assemblyFormat = "$sym_name custom<MeshAxes>($axes) attr-dict";
}

def Dist_ReshardOp : Dist_LocalOp<"reshard"> {
  let summary = "the same global tensor in another layout";
  let description = [{
    Operand and result have the same global shape and element type and differ in
    the layout. `origin` says what asked for it. Partition turns it into the
    cheapest sequence of collectives.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input,
                       OptionalAttr<StrAttr>:$origin);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $input (`origin` $origin^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

class Dist_Collective<string mnemonic, list<Trait> traits = []>
    : Dist_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<CollectiveOpInterface>,
        DeclareOpInterfaceMethods<EvaluateCollectiveOpInterface>], traits)> {
  let results = (outs AnyStaticShapeTensor:$result);
  let hasVerifier = 1;
}

def Dist_AllReduceOp : Dist_Collective<"all_reduce"> {
  let summary = "every rank gets the reduction of the group's tensors";
  let arguments = (ins AnyStaticShapeTensor:$input,
      Dist_ReductionKindAttr:$kind, FlatSymbolRefAttr:$mesh,
      Dist_AxesAttr:$axes, OptionalAttr<StrAttr>:$origin);
  let assemblyFormat = [{
    `` $kind $input `on` $mesh `` $axes (`origin` $origin^)? attr-dict `:`
    type($input) `->` type($result)
  }];
}

def Dist_AllGatherOp : Dist_Collective<"all_gather"> {
  let summary = "every rank gets the group's shards along a dimension";
  let description = [{
    The shards are set side by side along `dim` in the order of the group and
    cut to the result's size, which drops trailing padding.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, I64Attr:$dim,
      FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes,
      OptionalAttr<StrAttr>:$origin);
  let assemblyFormat = [{
    $input `dim` $dim `on` $mesh `` $axes (`origin` $origin^)? attr-dict `:`
    type($input) `->` type($result)
  }];
}

def Dist_ReduceScatterOp : Dist_Collective<"reduce_scatter"> {
  let summary = "every rank gets its shard of the group's reduction";
  let arguments = (ins AnyStaticShapeTensor:$input,
      Dist_ReductionKindAttr:$kind, I64Attr:$dim, FlatSymbolRefAttr:$mesh,
      Dist_AxesAttr:$axes, OptionalAttr<StrAttr>:$origin);
  let assemblyFormat = [{
    `` $kind $input `dim` $dim `on` $mesh `` $axes (`origin` $origin^)? attr-dict
    `:` type($input) `->` type($result)
  }];
}

def Dist_AllToAllOp : Dist_Collective<"all_to_all"> {
  let summary = "moves the group's sharding from one dimension to another";
  let description = [{
    Splits `split_dim` in shards of ceil(n/k), sends the i-th to the group's
    i-th rank, and sets what arrives side by side along `concat_dim`, cut to the
    result's size.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, I64Attr:$split_dim,
      I64Attr:$concat_dim, FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes,
      OptionalAttr<StrAttr>:$origin);
  let assemblyFormat = [{
    $input `split` $split_dim `concat` $concat_dim `on` $mesh `` $axes
    (`origin` $origin^)? attr-dict `:` type($input) `->` type($result)
  }];
}

def Dist_PermuteOp : Dist_Collective<"permute"> {
  let summary = "each rank of a group sends its tensor to one other";
  let description = [{
    `targets[i]` is the index in the group that the i-th rank sends to; a
    permutation of the group.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input,
      DenseI64ArrayAttr:$targets, FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes,
      OptionalAttr<StrAttr>:$origin);
  let assemblyFormat = [{
    $input `to` $targets `on` $mesh `` $axes (`origin` $origin^)? attr-dict
    `:` type($input) `->` type($result)
  }];
}

def Dist_ShardSliceOp
    : Dist_LocalOp<"shard_slice", [DeclareOpInterfaceMethods<LowerOpInterface>]> {
  let summary = "a rank's own shard of a tensor that the group holds whole";
  let description = [{
    Moves no data between ranks. The shard is ceil(n/k) long; what it reads past
    the end is undefined.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, I64Attr:$dim,
      FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim `on` $mesh `` $axes attr-dict `:` type($input) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Dist_MaskOp
    : Dist_LocalOp<"mask", [DeclareOpInterfaceMethods<LowerOpInterface>]> {
  let summary = "sets a shard's padding along a dimension to a value";
  let description = [{
    Elements whose global index along `dim`, index · shard length + local
    index, is at least `size` become `value`.
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, I64Attr:$dim, I64Attr:$size,
      TypedAttrInterface:$value, FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim `size` $size `value` $value `on` $mesh `` $axes attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Dist_AxisIndexOp
    : Dist_LocalOp<"axis_index", [DeclareOpInterfaceMethods<LowerOpInterface>]> {
  let summary = "the rank's index in the group that the axes span";
  let arguments = (ins FlatSymbolRefAttr:$mesh, Dist_AxesAttr:$axes);
  let results = (outs 0DTensorOf<[I64]>:$result);
  let assemblyFormat = "`on` $mesh `` $axes attr-dict `:` type($result)";
}

#endif // VESCALE_DIALECTS_DIST_OPS
