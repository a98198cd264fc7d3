// RUN: vescale-opt %s --split-input-file --verify-diagnostics --rank-predict-times=cluster=%S/Inputs/round.json

// expected-error @+1 {{round: has 2 devices, the mesh 4 ranks}}
module {
  rank.program @many groups [] arena 0 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=4>} {
    rank.entry "main"
  }
}

// -----

// expected-error @+1 {{the program has no arena layout; run rank-plan-arena}}
module {
  rank.program @loose groups [] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
    rank.entry "main"
  }
}

// -----

// expected-error @+1 {{the machine file says nothing of products of bf16}}
module {
  rank.program @narrow groups [] arena 96 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
    rank.entry "main"
    %a = rank.buffer arena at 0 : memref<4x4xbf16>
    %b = rank.buffer arena at 64 : memref<4x4xbf16>
    rank.port input "a" %a global tensor<4x4xbf16> : memref<4x4xbf16>
    rank.gemm %a [0, 0, 0, 4, 0], %a [0, 0, 0, 4, 0], %b [0, 0, 0, 4, 0] sizes [1, 1, 4, 4, 4] () -> () origin "dot" : memref<4x4xbf16>, memref<4x4xbf16>, memref<4x4xbf16>
  }
}

// -----

// expected-error @+1 {{the kernel @missing is not there}}
module {
  rank.program @calls groups [] arena 128 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
    rank.entry "main"
    %a = rank.buffer arena at 0 : memref<4xf32>
    %b = rank.buffer arena at 64 : memref<4xf32>
    rank.port input "a" %a global tensor<4xf32> : memref<4xf32>
    rank.kernel @missing(%a : memref<4xf32>) -> (%b : memref<4xf32>) over [4] flops 1 origin "neg"
  }
}
