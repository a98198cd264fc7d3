//===- Rank.td - The rank dialect and its attributes -----------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_RANK_RANK
#define VESCALE_DIALECTS_RANK_RANK

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Rank_Dialect : Dialect {
  let name = "rank";
  let cppNamespace = "::vescale::rank";
  let summary = "The program of one rank";
  let description = [{
    A `rank.program` is what one rank runs: buffers, which get fixed offsets in
    the arena, and steps over them in order. It maps one to one to the C ABI
    between programs and the runtime (runtime/core/abi.h).
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::vescale::dist::DistDialect",
    "::vescale::graph::GraphDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

def Rank_Space : I32EnumAttr<"Space", "where a buffer lies", [
      I32EnumAttrCase<"Arena", 0, "arena">,
      I32EnumAttrCase<"Comm", 1, "comm">]> {
  let cppNamespace = "::vescale::rank";
  let genSpecializedAttr = 0;
}
def Rank_SpaceAttr : EnumAttr<Rank_Dialect, Rank_Space, "space">;

def Rank_PortKind : I32EnumAttr<"PortKind", "the direction of a port", [
      I32EnumAttrCase<"Input", 0, "input">,
      I32EnumAttrCase<"Output", 1, "output">]> {
  let cppNamespace = "::vescale::rank";
  let genSpecializedAttr = 0;
}
def Rank_PortKindAttr : EnumAttr<Rank_Dialect, Rank_PortKind, "port_kind">;

def Rank_CollectiveKind : I32EnumAttr<"CollectiveKind", "a collective", [
      I32EnumAttrCase<"AllReduce", 0, "all_reduce">,
      I32EnumAttrCase<"AllGather", 1, "all_gather">,
      I32EnumAttrCase<"ReduceScatter", 2, "reduce_scatter">,
      I32EnumAttrCase<"AllToAll", 3, "all_to_all">,
      I32EnumAttrCase<"Permute", 4, "permute">]> {
  let cppNamespace = "::vescale::rank";
  let genSpecializedAttr = 0;
}
def Rank_CollectiveKindAttr
    : EnumAttr<Rank_Dialect, Rank_CollectiveKind, "collective_kind">;

def Rank_GroupAttr : AttrDef<Rank_Dialect, "Group"> {
  let mnemonic = "group";
  let summary = "ranks that differ only in some digits of the rank number";
  let description = [{
    Digit i of rank r is (r / strides[i]) % sizes[i]; digits are listed major to
    minor and number the ranks of the group.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$sizes,
                        ArrayRefParameter<"int64_t">:$strides);
  let assemblyFormat = "`<` `[` $sizes `]` `,` `[` $strides `]` `>`";
  let extraClassDeclaration = [{
    int64_t getNumRanks() const {
      int64_t ranks = 1;
      for (int64_t size : getSizes())
        ranks *= size;
      return ranks;
    }
  }];
}

class Rank_Type<string name, string typeMnemonic>
    : TypeDef<Rank_Dialect, name>, BuildableType<
          "$_builder.getType<::vescale::rank::" # name # "Type>()"> {
  let mnemonic = typeMnemonic;
}

#endif // VESCALE_DIALECTS_RANK_RANK
