//===- ProtoReader.cpp - From protobuf messages to plain structs ----------===//

#include "lib/Frontend/Onnx/ProtoReader.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Path.h"

namespace vescale::onnx {

/// Tensors below this are copied; others stay in the model file.
static constexpr size_t minReferencedBytes = 16;

static std::string domainName(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

template <typename Entries> static Metadata metadata(const Entries &entries) {
  Metadata result;
  for (const auto &entry : entries)
    result.emplace_back(entry.key(), entry.value());
  return result;
}

static OpsetImports
opsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
           &list) {
  OpsetImports result;
  for (const auto &entry : list)
    result[domainName(entry.domain())] = entry.version();
  return result;
}

ProtoReader::ProtoReader(llvm::StringRef path, llvm::StringRef contents,
                         DataFiles files, Problems &problems)
    : path(path), contents(contents), files(files), problems(problems) {
  for (const RawDataPosition &position : indexRawData(contents))
    positions[position.length].offsets.push_back(position.offset);
}

/// Leaves `raw` where it is in the model file: at one of the positions of its
/// length, mostly the next. Where none of a few fits, the copy stays.
void ProtoReader::refer(Tensor &tensor, std::string raw) {
  constexpr size_t maxTries = 8;
  // Small integers are shapes and the like, floats may be parameters.
  bool isFloat = tensor.type == ElementType::Float ||
                 tensor.type == ElementType::Double ||
                 tensor.type == ElementType::Float16 ||
                 tensor.type == ElementType::BFloat16;
  if (raw.empty() || (!isFloat && raw.size() < minReferencedBytes)) {
    tensor.bytes = std::move(raw);
    return;
  }
  Positions &candidates = positions[raw.size()];
  size_t count = candidates.offsets.size();
  for (size_t attempt = 0; attempt < std::min(count, maxTries); ++attempt) {
    size_t index = (candidates.next + attempt) % count;
    uint64_t offset = candidates.offsets[index];
    if (contents.substr(offset, raw.size()) != raw)
      continue;
    candidates.next = index + 1;
    FileRegion region;
    region.path = path;
    region.name = llvm::sys::path::filename(path).str();
    region.offset = offset;
    region.length = raw.size();
    tensor.region = std::move(region);
    return;
  }
  tensor.bytes = std::move(raw);
}

template <typename To, typename Values>
static std::string pack(const Values &values) {
  std::string bytes(values.size() * sizeof(To), '\0');
  char *out = bytes.data();
  for (auto value : values) {
    llvm::support::endian::write<To>(out, static_cast<To>(value),
                                     llvm::endianness::little);
    out += sizeof(To);
  }
  return bytes;
}

void ProtoReader::fillBytes(Tensor &tensor, const ::onnx::TensorProto &proto,
                            const std::string &what) {
  uint64_t expected = tensor.numBytes();
  auto check = [&](uint64_t actual) {
    if (actual == expected)
      return true;
    problems.add(what + " holds " + llvm::Twine(actual) +
                 " bytes, but its shape and element type need " +
                 llvm::Twine(expected));
    return false;
  };
  if (proto.has_raw_data()) {
    if (!check(proto.raw_data().size()))
      return;
    refer(tensor, proto.raw_data());
    return;
  }
  std::string bytes;
  switch (tensor.type) {
  case ElementType::Float:
    bytes = pack<float>(proto.float_data());
    break;
  case ElementType::Double:
    bytes = pack<double>(proto.double_data());
    break;
  case ElementType::Int64:
    bytes = pack<int64_t>(proto.int64_data());
    break;
  case ElementType::Int32:
    bytes = pack<int32_t>(proto.int32_data());
    break;
  case ElementType::UInt32:
    bytes = pack<uint32_t>(proto.uint64_data());
    break;
  case ElementType::UInt64:
    bytes = pack<uint64_t>(proto.uint64_data());
    break;
  case ElementType::Bool:
  case ElementType::Int8:
  case ElementType::UInt8:
    bytes = pack<uint8_t>(proto.int32_data());
    break;
  case ElementType::Int16:
  case ElementType::UInt16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    bytes = pack<uint16_t>(proto.int32_data());
    break;
  case ElementType::Undefined:
  case ElementType::String:
    return;
  }
  if (check(bytes.size()))
    refer(tensor, std::move(bytes));
}

std::shared_ptr<const Tensor>
ProtoReader::tensor(const ::onnx::TensorProto &proto,
                    const llvm::Twine &owner) {
  auto tensor = std::make_shared<Tensor>();
  tensor->name = proto.name();
  tensor->type = static_cast<ElementType>(proto.data_type());
  tensor->dims.assign(proto.dims().begin(), proto.dims().end());
  std::string what = owner.str();
  if (!proto.name().empty())
    what += " '" + proto.name() + "'";
  std::optional<uint64_t> count = elementCount(tensor->dims);
  if (!count) {
    problems.add(what + " has a negative dimension, or more elements than can "
                        "be counted");
    return tensor;
  }
  if (proto.has_segment()) {
    problems.add(what + " is stored in segments, which is not supported");
    return tensor;
  }
  unsigned bytes = elementBytes(tensor->type);
  if (bytes == 0)
    return tensor; // Refused by name if an op uses it.
  if (*count > maxTensorBytes / bytes) {
    problems.add(what + " would be " + llvm::Twine(*count) + " elements of " +
                 elementTypeName(tensor->type) + "; the limit is " +
                 llvm::Twine(maxTensorBytes >> 40) + " TiB");
    return tensor;
  }
  if (proto.data_location() == ::onnx::TensorProto::EXTERNAL)
    resolveExternalData(*tensor, metadata(proto.external_data()), path, files,
                        problems);
  else
    fillBytes(*tensor, proto, what);
  return tensor;
}

Attribute ProtoReader::attribute(const ::onnx::AttributeProto &proto,
                                 const llvm::Twine &owner) {
  Attribute result;
  result.name = proto.name();
  if (!proto.ref_attr_name().empty()) {
    result.kind = AttributeKind::Reference;
    result.reference = proto.ref_attr_name();
    return result;
  }
  switch (proto.type()) {
  case ::onnx::AttributeProto::FLOAT:
    result.kind = AttributeKind::Float;
    result.f = proto.f();
    break;
  case ::onnx::AttributeProto::INT:
    result.kind = AttributeKind::Int;
    result.i = proto.i();
    break;
  case ::onnx::AttributeProto::STRING:
    result.kind = AttributeKind::String;
    result.s = proto.s();
    break;
  case ::onnx::AttributeProto::TENSOR:
    result.kind = AttributeKind::Tensor;
    result.tensor = tensor(proto.t(), owner + ": the tensor of attribute '" +
                                          proto.name() + "'");
    break;
  case ::onnx::AttributeProto::GRAPH:
    result.kind = AttributeKind::Graph;
    result.graph = std::make_shared<Graph>(graph(proto.g()));
    break;
  case ::onnx::AttributeProto::FLOATS:
    result.kind = AttributeKind::Floats;
    result.floats.assign(proto.floats().begin(), proto.floats().end());
    break;
  case ::onnx::AttributeProto::INTS:
    result.kind = AttributeKind::Ints;
    result.ints.assign(proto.ints().begin(), proto.ints().end());
    break;
  case ::onnx::AttributeProto::STRINGS:
    result.kind = AttributeKind::Strings;
    result.strings.assign(proto.strings().begin(), proto.strings().end());
    break;
  default:
    result.kind = AttributeKind::Other;
    break;
  }
  return result;
}

Node ProtoReader::node(const ::onnx::NodeProto &proto, size_t index) {
  Node result;
  result.name = proto.name();
  result.opType = proto.op_type();
  result.domain = domainName(proto.domain());
  result.overload = proto.overload();
  result.inputs.assign(proto.input().begin(), proto.input().end());
  result.outputs.assign(proto.output().begin(), proto.output().end());
  result.metadata = metadata(proto.metadata_props());
  std::string owner = describeNode(result, index);
  for (const auto &entry : proto.attribute())
    result.attributes.push_back(attribute(entry, owner));
  return result;
}

ValueInfo ProtoReader::valueInfo(const ::onnx::ValueInfoProto &proto) {
  ValueInfo result;
  result.name = proto.name();
  result.metadata = metadata(proto.metadata_props());
  if (!proto.has_type() || !proto.type().has_tensor_type())
    return result;
  const auto &type = proto.type().tensor_type();
  result.isTensor = true;
  result.type = static_cast<ElementType>(type.elem_type());
  result.hasShape = type.has_shape();
  for (const auto &entry : type.shape().dim()) {
    Dimension dim;
    if (entry.has_dim_value())
      dim.size = entry.dim_value();
    else
      dim.parameter = entry.dim_param();
    if (entry.has_dim_value() && dim.size < 0)
      problems.add("value '" + proto.name() + "' has the dimension " +
                   llvm::Twine(dim.size));
    result.dims.push_back(std::move(dim));
  }
  return result;
}

Graph ProtoReader::graph(const ::onnx::GraphProto &proto) {
  Graph result;
  result.name = proto.name();
  result.metadata = metadata(proto.metadata_props());
  for (const auto &entry : proto.initializer())
    result.initializers.push_back(tensor(entry, "initializer"));
  if (proto.sparse_initializer_size())
    problems.add("sparse initializers are not supported: export dense weights");
  for (const auto &entry : proto.input())
    result.inputs.push_back(valueInfo(entry));
  for (const auto &entry : proto.output())
    result.outputs.push_back(valueInfo(entry));
  for (const auto &entry : proto.value_info())
    result.valueInfo.push_back(valueInfo(entry));
  for (const auto &entry : proto.node())
    result.nodes.push_back(node(entry, result.nodes.size()));
  return result;
}

Function ProtoReader::convert(const ::onnx::FunctionProto &proto) {
  Function result;
  result.name = proto.name();
  result.domain = domainName(proto.domain());
  result.overload = proto.overload();
  result.inputs.assign(proto.input().begin(), proto.input().end());
  result.outputs.assign(proto.output().begin(), proto.output().end());
  result.attributes.assign(proto.attribute().begin(), proto.attribute().end());
  for (const auto &entry : proto.attribute_proto())
    result.defaultAttributes.push_back(
        attribute(entry, "function '" + proto.name() + "'"));
  for (const auto &entry : proto.node())
    result.nodes.push_back(node(entry, result.nodes.size()));
  result.opsets = opsets(proto.opset_import());
  return result;
}

Model ProtoReader::convert(const ::onnx::ModelProto &proto) {
  Model model;
  model.path = path;
  model.irVersion = proto.ir_version();
  model.producer = proto.producer_name();
  model.opsets = opsets(proto.opset_import());
  if (!proto.has_graph())
    problems.add("holds no graph");
  if (proto.training_info_size())
    problems.add("holds training graphs (training_info), which are not "
                 "supported: export the model for inference");
  model.graph = graph(proto.graph());
  for (const auto &entry : proto.functions()) {
    Function result = convert(entry);
    FunctionKey key(result.domain, result.name, result.overload);
    std::string name = result.name;
    if (!model.functions.emplace(std::move(key), std::move(result)).second)
      problems.add("function '" + name + "' is defined twice");
  }
  return model;
}

} // namespace vescale::onnx
