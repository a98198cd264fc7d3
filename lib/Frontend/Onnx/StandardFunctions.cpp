//===- StandardFunctions.cpp - Ops that ONNX defines by other ops ---------===//

#include "lib/Frontend/Onnx/StandardFunctions.h"
#include "lib/Frontend/Onnx/ProtoReader.h"
#include "llvm/Support/ErrorHandling.h"

namespace vescale::onnx {

/// All functions of the table, in its order.
static std::vector<Function> readTable() {
  StandardFunctionTable table = standardFunctionTable();
  Problems problems("the standard's functions");
  ProtoReader reader("", "", DataFiles::Optional, problems);
  std::vector<Function> functions;
  for (const StandardFunctionEntry &entry : table.entries) {
    llvm::StringRef bytes = table.bytes.substr(entry.offset, entry.length);
    ::onnx::FunctionProto proto;
    if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      llvm::report_fatal_error("the built-in table of functions is damaged");
    functions.push_back(reader.convert(proto));
  }
  if (problems.any())
    llvm::report_fatal_error(llvm::Twine(problems.list().front()));
  return functions;
}

const Function *findStandardFunction(llvm::StringRef domain, llvm::StringRef op,
                                     int64_t opset) {
  static const std::vector<Function> functions = readTable();
  for (auto [index, entry] : llvm::enumerate(standardFunctionTable().entries))
    if (op == entry.op && domain == entry.domain && entry.since <= opset &&
        opset < entry.until)
      return &functions[index];
  return nullptr;
}

} // namespace vescale::onnx
