//===- OnnxFrontend.cpp - The frontend for ONNX files ---------------------===//

#include "lib/Frontend/Onnx/OnnxFrontend.h"
#include "lib/Frontend/Onnx/Importer.h"
#include "lib/Frontend/Onnx/Reader.h"

using namespace mlir;

namespace vescale::onnx {

bool OnnxFrontend::recognises(StringRef path, StringRef head) const {
  // A serialized ModelProto starts with field 1, ir_version; files of other
  // writers are told by their name.
  return path.ends_with(".onnx") || path.ends_with(".pb") ||
         head.starts_with("\x08");
}

static OwningOpRef<ModuleOp> import(const std::optional<Model> &model,
                                    const Problems &problems,
                                    const ImportOptions &options,
                                    MLIRContext *context) {
  if (!model) {
    for (const std::string &message : problems.list())
      emitError(UnknownLoc::get(context)) << message;
    return {};
  }
  return Importer(*model, options, context).run();
}

OwningOpRef<ModuleOp> OnnxFrontend::import(StringRef path,
                                           const ImportOptions &options,
                                           MLIRContext *context) const {
  Problems problems(path);
  std::optional<Model> model = readModel(
      path, options.weightsRead ? DataFiles::Needed : DataFiles::Optional,
      problems);
  return onnx::import(model, problems, options, context);
}

OwningOpRef<ModuleOp> importOnnx(StringRef path, StringRef contents,
                                 const ImportOptions &options,
                                 MLIRContext *context) {
  Problems problems(path);
  std::optional<Model> model = readModel(path, contents, problems);
  return import(model, problems, options, context);
}

} // namespace vescale::onnx
