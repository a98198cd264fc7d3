//===- LeafOps.td - Parameters, constants and indices ----------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_LEAF
#define VESCALE_DIALECTS_GRAPH_LEAF

include "dialects/Graph/GraphBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Graph_SourceAttr : AttrDef<Graph_Dialect, "Source"> {
  let mnemonic = "source";
  let summary = "where a parameter's bytes lie";
  let description = [{
    A file (relative to the model's directory, or absolute), the byte offset and
    length of dense row-major little-endian data, and the shape and element type
    it is stored with. `#graph.source<"model.safetensors", 4096, 3072, tensor<768xf32>>`
  }];
  let parameters = (ins StringRefParameter<>:$file, "int64_t":$offset,
                        "int64_t":$bytes, "::mlir::RankedTensorType":$type);
  let assemblyFormat = "`<` $file `,` $offset `,` $bytes `,` $type `>`";
}

def Graph_AuthorAttr : AttrDef<Graph_Dialect, "Author"> {
  let mnemonic = "author";
  let summary = "how a stored tensor relates to the author's parameter";
  let description = [{
    Exporters transpose weights and store tied ones once. Dimension i of the
    stored tensor is dimension `permuted`[i] of the parameter that the author's
    name stands for; absent, they are the same. `tied` are names of other
    parameters of the author's that share its data: a checkpoint may have the
    tensor under any of them. `#graph.author<permuted [1, 0] tied ["wte.weight"]>`
  }];
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$permutation,
      OptionalArrayRefParameter<"::mlir::StringAttr">:$tied);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Graph_ParameterOp : Graph_Op<"parameter"> {
  let summary = "a tensor that is loaded before the program runs";
  let description = [{
    A parameter's identity is its name and the shape it is stored with
    (`source`'s type), and never changes. The op's value is a strided view on
    the stored tensor: element (i0, i1, …) is the stored element
    `view_offset + Σ ik · view_strides[k]`, so that slices, transposes and
    splits of weights stay views. Without the view attributes the value is the
    stored tensor.

    With `init` there is no source: every element of the stored tensor, which is
    of `init`'s type, is this number before the first run. Optimizer state and
    counters begin so.

    `named` says that the name is the one the model's author gave, not one the
    exporter made up, and how the stored tensor relates to the author's; what
    looks parameters up in a checkpoint needs it.

    After partition the result type is the rank's shard, and `global` is the
    view's global type with its layout.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<Graph_SourceAttr>:$source,
      OptionalAttr<I64Attr>:$view_offset,
      OptionalAttr<DenseI64ArrayAttr>:$view_strides,
      OptionalAttr<Graph_AuthorAttr>:$author,
      OptionalAttr<ElementsAttr>:$init, OptionalAttr<TypeAttr>:$global);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $name (`source` $source^)? (`init` $init^)? (`view` $view_offset^ $view_strides)?
    (`named` `` custom<Author>($author)^)? (`global` $global^)? attr-dict `:` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$type,
                                 "::llvm::StringRef":$name), [{
    build($_builder, $_state, type, $_builder.getStringAttr(name), {}, {}, {},
          {}, {}, {});
  }]>];
  let extraClassDeclaration = [{
    /// The global type of the view, whether or not it has been partitioned.
    ::mlir::RankedTensorType getGlobalType();
    /// The shape and type the parameter is stored with.
    ::mlir::RankedTensorType getStoredType();
    /// The view's strides, in elements of the stored tensor.
    ::llvm::SmallVector<int64_t> getStrides();
    int64_t getOffset() { return getViewOffset().value_or(0); }
  }];
}

def Graph_UpdateOp : Op<Graph_Dialect, "update", [MemoryEffects<[MemWrite]>,
    DeclareOpInterfaceMethods<ShardableOpInterface>,
    DeclareOpInterfaceMethods<EvaluateOpInterface>,
    DeclareOpInterfaceMethods<CostOpInterface>]> {
  let summary = "gives a parameter its value for the next run";
  let description = [{
    What the program reads of the parameter, before or after, is the value that
    it had when the run began. A parameter is updated once at most. This is the
    only way in which state changes, so that a training step is a function like
    any other: of its inputs and state, to its results and new state.

    `parameter` is the result of a graph.parameter, and `value` has its layout.
  }];
  let arguments = (ins Graph_Tensor:$parameter, Graph_Tensor:$value);
  let assemblyFormat = [{
    $parameter `,` $value attr-dict `:` type($parameter) `,` type($value)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The op that stands for what is updated.
    ParameterOp getParameterOp();
  }];
}

def Graph_ConstantOp : Graph_Op<"constant", [ConstantLike]> {
  let summary = "a small tensor known when the program is compiled";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$value attr-dict `->` type($result)";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getType(), value);
  }]>];
}

def Graph_IotaOp : Graph_Op<"iota"> {
  let summary = "each element is its index along a dimension";
  let arguments = (ins I64Attr:$dim);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
}

#endif // VESCALE_DIALECTS_GRAPH_LEAF
