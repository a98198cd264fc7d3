//===- SanitizerOptions.cpp - How fuzzers run under AddressSanitizer ------===//
//
// LLVM's allocators poison memory that they have not handed out. Only the part
// of them that is inlined into our code is instrumented, the rest in libLLVM is
// not and writes there without a word, so that poisoning finds faults that are
// none.
//
//===----------------------------------------------------------------------===//

extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}
