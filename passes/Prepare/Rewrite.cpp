//===- Rewrite.cpp - Applying patterns until nothing changes ----*- C++ -*-===//

#include "passes/Prepare/Rewrite.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

LogicalResult vescale::prepare::rewriteToFixpoint(Operation *root,
                                                  RewritePatternSet patterns) {
  int64_t ops = 0;
  root->walk([&](Operation *) { ++ops; });
  // Each op of a transformer is rewritten a few times; 100 leaves much room.
  int64_t limit = 1000 + 100 * ops;
  GreedyRewriteConfig config;
  config.setMaxIterations(GreedyRewriteConfig::kNoLimit)
      .setMaxNumRewrites(limit)
      .setUseTopDownTraversal()
      .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  if (succeeded(applyPatternsGreedily(root, std::move(patterns), config)))
    return success();
  return root->emitError("rewriting did not come to an end within ")
         << limit << " rewrites: two patterns undo each other's work";
}
