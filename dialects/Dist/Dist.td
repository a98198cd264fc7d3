//===- Dist.td - The dist dialect and its attributes -----------*- tablegen -*-===//
//
// Named meshes, tensor layouts and the axes they are made of.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_DIST
#define VESCALE_DIALECTS_DIST_DIST

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"

def Dist_Dialect : Dialect {
  let name = "dist";
  let cppNamespace = "::vescale::dist";
  let summary = "Meshes, layouts, reshards and collectives";
  let description = [{
    `dist` says how tensors lie on the ranks of a mesh, and moves them. Before
    partition a tensor's layout is the encoding of its type and `dist.reshard`
    changes it; after partition types are local and the moves are collectives
    over mesh axes.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

class Dist_Attr<string name, string mnemonic_, list<Trait> traits = []>
    : AttrDef<Dist_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Dist_ReductionKind : I32EnumAttr<"ReductionKind",
    "how the local tensors of a partial value combine", [
      I32EnumAttrCase<"Sum", 0, "sum">,
      I32EnumAttrCase<"Max", 1, "max">,
      I32EnumAttrCase<"Min", 2, "min">]> {
  let cppNamespace = "::vescale::dist";
  let genSpecializedAttr = 0;
}
def Dist_ReductionKindAttr
    : EnumAttr<Dist_Dialect, Dist_ReductionKind, "reduction">;

def Dist_MeshAxisAttr : Dist_Attr<"MeshAxis", "mesh_axis"> {
  let summary = "a named mesh axis and its number of ranks";
  let parameters = (ins StringRefParameter<"the axis's name">:$name,
                        "int64_t":$size);
  let assemblyFormat = "`<` $name `=` $size `>`";
}

def Dist_MeshAttr : Dist_Attr<"Mesh", "mesh_axes"> {
  let summary = "the axes of a mesh, slowest first";
  let description = [{
    Ranks are numbered row-major over the axes: the last axis varies fastest.
    Written `<"dp"=2, "tp"=4>`.
  }];
  let parameters = (ins ArrayRefParameter<"MeshAxisAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The number of ranks.
    int64_t getNumRanks() const;
    /// The axis's size, or 0 if the mesh has no axis of this name.
    int64_t getAxisSize(::llvm::StringRef name) const;
    /// The distance in rank numbers between neighbours along the axis.
    int64_t getAxisStride(::llvm::StringRef name) const;
    bool hasAxis(::llvm::StringRef name) const { return getAxisSize(name); }
  }];
}

def Dist_AxisRefAttr : Dist_Attr<"AxisRef", "axis"> {
  let summary = "a mesh axis, or a part of one";
  let description = [{
    `"tp"` is the whole axis. `"tp":(p)s` is a sub-axis (as in Shardy): of the
    axis of size n, seen as digits major to minor, the digit of size `s` below
    `p` more significant positions, so that a rank with coordinate c has the
    digit `(c / (n / (p * s))) % s`.
  }];
  let parameters = (ins StringRefParameter<"the axis's name">:$name,
                        "int64_t":$preSize, // 1 for whole axes
                        "int64_t":$subSize // 0 for whole axes
                   );
  let builders = [AttrBuilder<(ins "::llvm::StringRef":$name), [{
    return $_get($_ctxt, name, 1, 0);
  }]>];
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    bool isWhole() const { return getSubSize() == 0; }
    /// Whether some mesh coordinate digit belongs to both.
    bool overlaps(AxisRefAttr other) const;
    /// The number of ranks along this reference in `mesh`.
    int64_t getSize(MeshAttr mesh) const;
    /// The distance in rank numbers between neighbours along this reference.
    int64_t getStride(MeshAttr mesh) const;
  }];
}

def Dist_AxesAttr : Dist_Attr<"Axes", "axes"> {
  let summary = "a list of axes, major to minor";
  let description = [{ Written `{"dp", "tp":(1)2}`. }];
  let parameters = (ins OptionalArrayRefParameter<"AxisRefAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    bool empty() const { return getAxes().empty(); }
    size_t size() const { return getAxes().size(); }
    auto begin() const { return getAxes().begin(); }
    auto end() const { return getAxes().end(); }
    /// The product of the axes' sizes.
    int64_t getNumShards(MeshAttr mesh) const;
  }];
}

def Dist_LayoutAttr : Dist_Attr<"Layout", "layout", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "how a tensor lies on the ranks of a mesh";
  let description = [{
    `#dist.layout<@m, [{"dp"}, {} ], partial = sum{"tp"}>`: for each dimension
    the axes that it is sharded over, major to minor, and the axes over which
    the value is partial. A dimension of n elements over k ranks lies in
    contiguous shards of ceil(n/k); trailing shards may be short or empty, and
    what lies behind their end is undefined. A partial value is the reduction
    of the local tensors over its partial axes. Over every other axis the value
    is replicated. No axis is used twice.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$mesh,
                        OptionalArrayRefParameter<"AxesAttr">:$dims,
                        "ReductionKind":$partialKind,
                        "AxesAttr":$partial);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::FlatSymbolRefAttr":$mesh,
                                        "::llvm::ArrayRef<AxesAttr>":$dims), [{
      auto *context = mesh.getContext();
      return $_get(context, mesh, dims, ReductionKind::Sum,
                   AxesAttr::get(context, {}));
    }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The layout of a rank-`rank` tensor that every rank holds whole.
    static LayoutAttr getReplicated(::mlir::FlatSymbolRefAttr mesh,
                                    int64_t rank);
    int64_t getRank() const { return getDims().size(); }
    bool isReplicated() const;
    bool isPartial() const { return !getPartial().empty(); }
    LayoutAttr withDims(::llvm::ArrayRef<AxesAttr> dims) const;
    LayoutAttr withDim(int64_t dim, AxesAttr axes) const;
    LayoutAttr withPartial(ReductionKind kind, AxesAttr axes) const;
    LayoutAttr withoutPartial() const;
    /// Whether any part of `axis` is used by a dimension or by the partial set.
    bool uses(AxisRefAttr axis) const;
  }];
}

def Dist_SeedAttr : Dist_Attr<"Seed", "seed"> {
  let summary = "a layout that a value was asked to have";
  let description = [{
    Stands as `dist.seed` on an op (for its result) or on an argument or result
    of the function until propagation has completed the layouts. Seeds of lower
    `priority` are propagated first. A `pinned` value has just this layout;
    otherwise dimensions may be sharded further. `origin` is what asked, for
    messages.
  }];
  let parameters = (ins "LayoutAttr":$layout, "int64_t":$priority,
                        "bool":$pinned, StringRefParameter<>:$origin);
  let assemblyFormat =
      "`<` $layout `,` $priority `,` $pinned `,` $origin `>`";
}

#endif // VESCALE_DIALECTS_DIST_DIST
