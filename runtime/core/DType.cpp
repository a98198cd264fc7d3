// The table of element types.
#include "runtime/core/DType.h"

namespace vescale::runtime {

static constexpr DTypeInfo table[] = {
    {VS_F32, 4, "f32", "<f4", "F32"}, {VS_F64, 8, "f64", "<f8", "F64"},
    {VS_F16, 2, "f16", "<f2", "F16"}, {VS_BF16, 2, "bf16", nullptr, "BF16"},
    {VS_I8, 1, "i8", "|i1", "I8"},    {VS_I16, 2, "i16", "<i2", "I16"},
    {VS_I32, 4, "i32", "<i4", "I32"}, {VS_I64, 8, "i64", "<i8", "I64"},
    {VS_U8, 1, "u8", "|u1", "U8"},    {VS_BOOL, 1, "bool", "|b1", "BOOL"},
};

const DTypeInfo *dtypeInfo(int32_t dtype) {
  for (const DTypeInfo &info : table)
    if (info.dtype == dtype)
      return &info;
  return nullptr;
}

static std::optional<vs_dtype> find(const char *DTypeInfo::*field,
                                    const std::string &name) {
  for (const DTypeInfo &info : table)
    if (info.*field && name == info.*field)
      return info.dtype;
  return std::nullopt;
}

std::optional<vs_dtype> dtypeFromName(const std::string &name) {
  return find(&DTypeInfo::name, name);
}
std::optional<vs_dtype> dtypeFromNumpy(const std::string &name) {
  return find(&DTypeInfo::numpy, name);
}
std::optional<vs_dtype> dtypeFromSafetensors(const std::string &name) {
  return find(&DTypeInfo::safetensors, name);
}

} // namespace vescale::runtime
