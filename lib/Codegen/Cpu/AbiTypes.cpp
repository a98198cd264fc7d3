//===- AbiTypes.cpp - The ABI's structs as LLVM types -----------*- C++ -*-===//

#include "lib/Codegen/Cpu/AbiTypes.h"
#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace vescale;

AbiTypes::AbiTypes(LLVMContext &context)
    : i32(Type::getInt32Ty(context)), i64(Type::getInt64Ty(context)),
      f32(Type::getFloatTy(context)), pointer(PointerType::get(context, 0)) {
  auto list = [&](unsigned size) { return ArrayType::get(i64, size); };
  auto make = [&](ArrayRef<Type *> fields) {
    return StructType::get(context, fields);
  };
  ref = make({i32, i32, i64});
  kernel = make({pointer, pointer, i32, i32, list(2), i64});
  gemm = make({ref,     ref,     ref, i64, i64, i64,   list(2), list(2),
               list(2), list(2), i64, i64, i64, i32,   i32,     i32,
               i32,     i32,     i32, ref, i64, kernel});
  drop = make({ref, ref, i64, i32, i32, f32, i32});
  attention = make({ref,     ref,     ref, ref, ref, ref,     i64,     i64,
                    i64,     i64,     i64, i64, i64, list(3), list(3), list(3),
                    list(3), list(4), f32, f32, i64, i64,     i32,     i32,
                    i32,     i32,     ref, i64, drop});
  SmallVector<Type *> grad(10, ref);
  grad.append(7, i64);
  grad.append(7, list(3));
  grad.append(
      {list(4), f32, f32, i64, i64, i32, i32, i32, i32, ref, i64, drop});
  attentionGrad = make(grad);
  scatterAdd =
      make({ref, ref, ref, i64, i64, i64, i64, i32, i32, i64, ref, i64});
  conv = make({ref, ref, ref, i32, i32, i64, i64, i64, i64, list(3), list(3),
               list(3), list(3), list(3), list(3), list(3), ref, i64, kernel});
  group = make({i32, i32, list(8), list(8)});
  collective = make({i32, i32, i32, i32, i32, i32, ref, ref, i64, i64, i64, i64,
                     i64, i64, i64, pointer});
  exchange = make({pointer, i64});
  step = make({i32, i32, pointer, pointer, pointer});
  entry = make({pointer, i64, i64});
  program = make({i64, pointer, i64, i64, pointer, i64, pointer, i64, pointer,
                  i64, pointer, i64});
}

Error AbiTypes::check(const DataLayout &layout) const {
  const std::pair<StructType *, size_t> sizes[] = {
      {ref, sizeof(vs_ref)},
      {kernel, sizeof(vs_kernel)},
      {gemm, sizeof(vs_gemm)},
      {drop, sizeof(vs_drop)},
      {attention, sizeof(vs_attention)},
      {attentionGrad, sizeof(vs_attention_grad)},
      {scatterAdd, sizeof(vs_scatter_add)},
      {conv, sizeof(vs_conv)},
      {group, sizeof(vs_group)},
      {collective, sizeof(vs_collective)},
      {exchange, sizeof(vs_exchange)},
      {step, sizeof(vs_step)},
      {entry, sizeof(vs_entry)},
      {program, sizeof(vs_program)}};
  for (auto [type, size] : sizes)
    if (layout.getTypeAllocSize(type) != size) {
      std::string text;
      raw_string_ostream os(text);
      type->print(os);
      return createStringError("internal error: the compiler's " + text +
                               " is not what runtime/core/abi.h has");
    }
  return Error::success();
}

Constant *AbiConstants::list(ArrayRef<int64_t> values, size_t size) const {
  SmallVector<Constant *> elements;
  for (size_t i = 0; i < size; ++i)
    elements.push_back(i64(i < values.size() ? values[i] : 0));
  return ConstantArray::get(ArrayType::get(types.i64, size), elements);
}

Constant *AbiConstants::global(Constant *value, StringRef name) {
  auto *variable =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::PrivateLinkage, value, name);
  variable->setAlignment(Align(8));
  return variable;
}

Constant *AbiConstants::text(StringRef value) {
  Constant *&found = texts[value];
  if (!found)
    found = global(ConstantDataArray::getString(module.getContext(), value),
                   "text");
  return found;
}

Constant *AbiConstants::array(Type *element, ArrayRef<Constant *> values,
                              StringRef name) {
  if (values.empty())
    return null();
  return global(
      ConstantArray::get(ArrayType::get(element, values.size()), values), name);
}
