//===- RankOps.td - Programs, buffers and steps ----------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_RANK_OPS
#define VESCALE_DIALECTS_RANK_OPS

include "dialects/Dist/Dist.td"
include "dialects/Rank/Rank.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Rank_Op<string mnemonic, list<Trait> traits = []>
    : Op<Rank_Dialect, mnemonic, traits>;

/// graph.source, without including the graph dialect's ops.
def Rank_SourceAttr
    : Attr<CPred<"::llvm::isa<::vescale::graph::SourceAttr>($_self)">,
           "where a parameter's bytes lie"> {
  let storageType = "::vescale::graph::SourceAttr";
  let returnType = "::vescale::graph::SourceAttr";
  let convertFromStorage = "$_self";
}

/// graph.author, likewise.
def Rank_AuthorAttr
    : Attr<CPred<"::llvm::isa<::vescale::graph::AuthorAttr>($_self)">,
           "how a stored tensor relates to the author's parameter"> {
  let storageType = "::vescale::graph::AuthorAttr";
  let returnType = "::vescale::graph::AuthorAttr";
  let convertFromStorage = "$_self";
}

/// graph.drop, likewise.
def Rank_DropAttr
    : Attr<CPred<"::llvm::isa<::vescale::graph::DropAttr>($_self)">,
           "which elements are dropped"> {
  let storageType = "::vescale::graph::DropAttr";
  let returnType = "::vescale::graph::DropAttr";
  let convertFromStorage = "$_self";
}

def Rank_Buffer : StaticShapeMemRefOf<[AnyType]>;

//===----------------------------------------------------------------------===//
// The program and its buffers
//===----------------------------------------------------------------------===//

def Rank_ProgramOp : Rank_Op<"program", [Symbol, NoTerminator, SingleBlock,
    IsolatedFromAbove]> {
  let summary = "what one rank runs";
  let description = [{
    `groups` are the groups of ranks that collectives and kernels refer to by
    number. The sizes are set when the arena has been laid out.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Dist_MeshAttr:$mesh,
      TypedArrayAttrBase<Rank_GroupAttr, "groups of ranks">:$groups,
      OptionalAttr<I64Attr>:$arena_bytes, OptionalAttr<I64Attr>:$comm_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `groups` $groups (`arena` $arena_bytes^ `comm` $comm_bytes)?
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Rank_BufferOp : Rank_Op<"buffer"> {
  let summary = "a buffer in the arena or its communication part";
  let description = [{ The offset, in bytes, is set when the arena has been laid
    out. Buffers whose lives do not overlap may share bytes. }];
  let arguments = (ins Rank_SpaceAttr:$space, OptionalAttr<I64Attr>:$offset);
  let results = (outs Rank_Buffer:$result);
  let assemblyFormat = "`` $space (`at` $offset^)? attr-dict `:` type($result)";
}

def Rank_ReshapeOp : Rank_Op<"reshape", [Pure]> {
  let summary = "the same buffer under another shape";
  let arguments = (ins Rank_Buffer:$buffer);
  let results = (outs Rank_Buffer:$result);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

def Rank_ConstantOp : Rank_Op<"constant", [Pure]> {
  let summary = "data that stands in the executable";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Rank_Buffer:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Rank_ParameterOp : Rank_Op<"parameter"> {
  let summary = "this rank's shard of a parameter";
  let description = [{
    Without an offset the shard stays in its mapped file, else it is copied to
    the arena when the program starts. `packed` [k, n, transposed]: as the
    right operand of rank.gemm, k×n, seen as n×k in the file if transposed.
    `named`: under this name the author's checkpoints have it. `init` is what
    every element is at first where there is no source, and says what is stored.
    Steps write a parameter only if it is `updated`. What is in one that is
    `transient` means nothing between training steps, and no checkpoint has it.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<Rank_SourceAttr>:$source,
      I64Attr:$view_offset, DenseI64ArrayAttr:$view_strides,
      OptionalAttr<Rank_AuthorAttr>:$author, OptionalAttr<ElementsAttr>:$init,
      UnitAttr:$updated, UnitAttr:$transient, TypeAttr:$global,
      OptionalAttr<DenseI64ArrayAttr>:$packed, UnitAttr:$mapped,
      OptionalAttr<I64Attr>:$offset);
  let results = (outs Rank_Buffer:$result);
  let assemblyFormat = [{
    $name (`source` $source^)? `view` $view_offset $view_strides
    (`named` `` custom<Author>($author)^)? (`init` $init^)? (`updated` $updated^)? (`transient` $transient^)? `global` $global (`packed` $packed^)? (`mapped` $mapped^)? (`at` $offset^)? attr-dict
    `:` type($result)
  }];
  let extraClassDeclaration = [{
    /// The shape and type that the whole parameter is stored with.
    ::mlir::RankedTensorType getStoredType();
  }];
  let hasVerifier = 1;
}

def Rank_EntryOp : Rank_Op<"entry"> {
  let summary = "the steps from here to the next entry can be run alone";
  let description = [{
    Entries of a program share inputs and parameters; nothing else that one has
    written is read by another. `flops` are the operations of its matrix
    products, convolutions and attentions on this rank.
  }];
  let arguments = (ins StrAttr:$name, DefaultValuedAttr<I64Attr, "0">:$flops);
  let assemblyFormat = "$name (`flops` $flops^)? attr-dict";
}

def Rank_PortOp : Rank_Op<"port"> {
  let summary = "names a buffer as an input or output of the model";
  let description = [{ `global` is the tensor with its layout. }];
  let arguments = (ins Rank_PortKindAttr:$kind, StrAttr:$name, TypeAttr:$global,
                       Rank_Buffer:$buffer);
  let assemblyFormat = [{
    `` $kind $name $buffer `global` $global attr-dict `:` type($buffer)
  }];
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

def Rank_StepOpInterface : OpInterface<"StepOpInterface"> {
  let cppNamespace = "::vescale::rank";
  let description = [{
    A step of a program. Steps run in order; a collective that one starts goes
    on beside those that follow, until the step that waits for it.
  }];
  let methods = [
    InterfaceMethod<"The buffers that the step reads.",
      "::llvm::SmallVector<::mlir::Value>", "getReads", (ins)>,
    InterfaceMethod<"The buffers that the step writes.",
      "::llvm::SmallVector<::mlir::Value>", "getWrites", (ins)>,
  ];
}

class Rank_Step<string mnemonic, list<Trait> traits = []>
    : Rank_Op<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<Rank_StepOpInterface>], traits)>;

def Rank_KernelOp : Rank_Step<"kernel", [AttrSizedOperandSegments]> {
  let summary = "runs a generated kernel over its iteration space";
  let description = [{
    `kernel` is a function of the inputs, the outputs, the bounds of a box of
    the iteration space (low and high of each of two dimensions) and the rank's
    index in each group. The space has one or two dimensions. `flops` is an
    estimate for a point. `origin` names the
    ops it was made of.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Rank_Buffer>:$inputs,
      Variadic<Rank_Buffer>:$outputs, DenseI64ArrayAttr:$extents,
      I64Attr:$flops, StrAttr:$origin);
  let assemblyFormat = [{
    $kernel `(` $inputs (`:` type($inputs)^)? `)` `->` `(` $outputs
    (`:` type($outputs)^)? `)` `over` $extents `flops` $flops `origin` $origin
    attr-dict
  }];
  let hasVerifier = 1;
}

def Rank_GemmOp : Rank_Step<"gemm", [AttrSizedOperandSegments]> {
  let summary = "C = A·B for each batch element, then an epilogue";
  let description = [{
    `sizes` is [batch0, batch1, m, n, k]. `a`, `b`, `c` layouts are
    [offset, batch stride 0, batch stride 1, leading dimension, transposed], in
    elements. The epilogue is a kernel like rank.kernel's that runs on finished
    boxes of C; its buffers are `epilogue_inputs`, then `epilogue_outputs`.
    With `leaves` sums have one order: balanced trees over so many parts.
  }];
  let arguments = (ins Rank_Buffer:$a, Rank_Buffer:$b, Rank_Buffer:$c,
      Optional<Rank_Buffer>:$scratch, Variadic<Rank_Buffer>:$epilogue_inputs,
      Variadic<Rank_Buffer>:$epilogue_outputs, DenseI64ArrayAttr:$sizes,
      DenseI64ArrayAttr:$a_layout, DenseI64ArrayAttr:$b_layout,
      DenseI64ArrayAttr:$c_layout, UnitAttr:$b_packed,
      OptionalAttr<FlatSymbolRefAttr>:$epilogue, StrAttr:$origin,
      DefaultValuedAttr<I64Attr, "0">:$leaves);
  let assemblyFormat = [{
    $a $a_layout `,` $b $b_layout (`packed` $b_packed^)? `,` $c $c_layout
    `sizes` $sizes (`scratch` $scratch^ `:` type($scratch))?
    (`epilogue` $epilogue^)? `(` $epilogue_inputs (`:` type($epilogue_inputs)^)?
    `)` `->` `(` $epilogue_outputs (`:` type($epilogue_outputs)^)? `)` `origin`
    $origin attr-dict `:` type($a) `,` type($b) `,` type($c)
  }];
  let hasVerifier = 1;
}

def Rank_AttentionOp : Rank_Step<"attention", [AttrSizedOperandSegments]> {
  let summary = "attention without the scores in memory";
  let description = [{
    `sizes` is [batch, heads, key heads, queries, keys, head size, value size];
    layouts are [offset, stride of batch, head, row], the mask's [offset, stride
    of batch, head, query, key]. `lse` and `counters` are dense batch × heads ×
    queries.
  }];
  let arguments = (ins Rank_Buffer:$query, Rank_Buffer:$key, Rank_Buffer:$value,
      Optional<Rank_Buffer>:$mask, Rank_Buffer:$result,
      Optional<Rank_Buffer>:$lse, Optional<Rank_Buffer>:$scratch,
      DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$query_layout, DenseI64ArrayAttr:$key_layout,
      DenseI64ArrayAttr:$value_layout,
      OptionalAttr<DenseI64ArrayAttr>:$mask_layout,
      DenseI64ArrayAttr:$result_layout, F64Attr:$scale, F64Attr:$softcap,
      I64Attr:$window, UnitAttr:$causal, Optional<Rank_Buffer>:$counters,
      Optional<Rank_Buffer>:$step, OptionalAttr<Rank_DropAttr>:$drop,
      StrAttr:$origin);
  let assemblyFormat = [{
    $query $query_layout `,` $key $key_layout `,` $value $value_layout `->`
    $result $result_layout (`lse` $lse^ `:` type($lse))? `sizes` $sizes
    (`mask` $mask^ $mask_layout `:` type($mask))?
    (`scratch` $scratch^ `:` type($scratch))? `scale` $scale `softcap` $softcap
    `window` $window (`causal` $causal^)?
    (`drop` $drop^ $counters `step` $step `:` type($counters) `,` type($step))?
    `origin` $origin attr-dict `:`
    type($query) `,` type($key) `,` type($value) `,` type($result)
  }];
  let hasVerifier = 1;
}

def Rank_AttentionGradOp : Rank_Step<"attention_grad",
                                     [AttrSizedOperandSegments]> {
  let summary = "gradients of attention without the scores in memory";
  let description = [{
    `sizes` and the mask's layout are as in rank.attention. `layouts` has four
    numbers, [offset, stride of batch, head, row], for each of query, key, value,
    result_grad, query_grad, key_grad and value_grad; `lse` and `delta` are dense.
  }];
  let arguments = (ins Rank_Buffer:$query, Rank_Buffer:$key, Rank_Buffer:$value,
      Optional<Rank_Buffer>:$mask, Rank_Buffer:$result_grad, Rank_Buffer:$lse,
      Rank_Buffer:$delta, Rank_Buffer:$query_grad, Rank_Buffer:$key_grad,
      Rank_Buffer:$value_grad, Optional<Rank_Buffer>:$scratch,
      DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$layouts,
      OptionalAttr<DenseI64ArrayAttr>:$mask_layout, F64Attr:$scale,
      F64Attr:$softcap, I64Attr:$window, UnitAttr:$causal,
      Optional<Rank_Buffer>:$counters, Optional<Rank_Buffer>:$step,
      OptionalAttr<Rank_DropAttr>:$drop, StrAttr:$origin);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $result_grad `lse` $lse `delta` $delta `->`
    $query_grad `,` $key_grad `,` $value_grad `sizes` $sizes `layouts` $layouts
    (`mask` $mask^ $mask_layout `:` type($mask))?
    (`scratch` $scratch^ `:` type($scratch))? `scale` $scale `softcap` $softcap
    `window` $window (`causal` $causal^)?
    (`drop` $drop^ $counters `step` $step `:` type($counters) `,` type($step))?
    `origin` $origin attr-dict `:`
    type($query) `,` type($key) `,` type($value) `,` type($result_grad) `,`
    type($lse) `,` type($delta) `->` type($query_grad) `,` type($key_grad) `,`
    type($value_grad)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The layout of the `index`-th of the seven buffers that have one.
    ::llvm::ArrayRef<int64_t> getLayout(unsigned index) {
      return getLayouts().slice(4 * index, 4);
    }
  }];
}

def Rank_ScatterAddOp : Rank_Step<"scatter_add"> {
  let summary = "sums of rows at given places of a table";
  let description = [{
    `sizes` is [outer, count, rows, inner]: to zeros in result, outer × rows ×
    inner, the updates, outer × count × inner, are added at the rows that the
    `count` indices say, in order; with `leaves` as balanced trees over so many
    parts of the updates. All buffers are dense.
  }];
  let arguments = (ins Rank_Buffer:$indices, Rank_Buffer:$updates,
      Rank_Buffer:$result, Optional<Rank_Buffer>:$scratch,
      DenseI64ArrayAttr:$sizes, StrAttr:$origin,
      DefaultValuedAttr<I64Attr, "0">:$leaves);
  let assemblyFormat = [{
    $updates `at` $indices `->` $result `sizes` $sizes
    (`scratch` $scratch^ `:` type($scratch))? `origin` $origin attr-dict `:`
    type($updates) `,` type($indices) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Rank_ConvOp : Rank_Step<"conv", [AttrSizedOperandSegments]> {
  let summary = "convolution, then an epilogue";
  let arguments = (ins Rank_Buffer:$input, Rank_Buffer:$weight,
      Rank_Buffer:$result, Optional<Rank_Buffer>:$scratch,
      Variadic<Rank_Buffer>:$epilogue_inputs,
      Variadic<Rank_Buffer>:$epilogue_outputs, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
      DenseI64ArrayAttr:$pad_high, I64Attr:$groups,
      OptionalAttr<FlatSymbolRefAttr>:$epilogue, StrAttr:$origin);
  let assemblyFormat = [{
    $input `,` $weight `,` $result `strides` $strides `dilations` $dilations
    `pad` $pad_low `x` $pad_high `groups` $groups
    (`scratch` $scratch^ `:` type($scratch))? (`epilogue` $epilogue^)? `(`
    $epilogue_inputs (`:` type($epilogue_inputs)^)? `)` `->` `(`
    $epilogue_outputs (`:` type($epilogue_outputs)^)? `)` `origin` $origin
    attr-dict `:` type($input) `,` type($weight) `,` type($result)
  }];
  let hasVerifier = 1;
}

def Rank_Token : Rank_Type<"Token", "token"> {
  let summary = "a collective that has been started";
}

def Rank_CollectiveOp : Rank_Step<"collective", [SameVariadicOperandSize]> {
  let summary = "starts a communication among the ranks of a group";
  let description = [{
    One exchange moves one or several tensors, its parts. Until the `rank.wait`
    on its token nobody writes its inputs or touches its outputs. As in the
    `dist` dialect: for each part `split_dims` has the operand's dimension that
    is split (reduce_scatter, all_to_all), `concat_dims` the one along which
    shards are set side by side (all_gather, all_to_all); `targets` are
    permute's.
  }];
  let arguments = (ins Rank_CollectiveKindAttr:$kind,
      Variadic<Rank_Buffer>:$inputs, Variadic<Rank_Buffer>:$outputs,
      I64Attr:$group, Dist_ReductionKindAttr:$reduction,
      OptionalAttr<DenseI64ArrayAttr>:$split_dims,
      OptionalAttr<DenseI64ArrayAttr>:$concat_dims,
      OptionalAttr<DenseI64ArrayAttr>:$targets, StrAttr:$origin);
  let results = (outs Rank_Token:$token);
  let assemblyFormat = [{
    `` $kind `` $reduction $inputs `->` $outputs `group` $group
    (`split` $split_dims^)? (`concat` $concat_dims^)? (`to` $targets^)? `origin`
    $origin attr-dict `:` type($inputs) `->` type($outputs)
  }];
  let extraClassDeclaration = [{
    /// The dimensions of a part; -1 where its kind has none.
    int64_t getSplitDim(size_t part) {
      return getSplitDims() ? (*getSplitDims())[part] : -1;
    }
    int64_t getConcatDim(size_t part) {
      return getConcatDims() ? (*getConcatDims())[part] : -1;
    }
    ::vescale::rank::WaitOp getWait();
  }];
  let hasVerifier = 1;
}

def Rank_WaitOp : Rank_Step<"wait"> {
  let summary = "waits until a collective is done";
  let arguments = (ins Rank_Token:$token);
  let assemblyFormat = "$token attr-dict";
  let extraClassDeclaration = [{
    ::vescale::rank::CollectiveOp getCollective();
  }];
  let hasVerifier = 1;
}

#endif // VESCALE_DIALECTS_RANK_OPS
