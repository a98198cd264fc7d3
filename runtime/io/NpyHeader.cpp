// Reads and writes .npy headers: a Python dict literal of three known keys.
#include "runtime/io/NpyHeader.h"

#include "runtime/core/Error.h"

#include <cstring>

namespace vescale::runtime {
namespace {

/// A cursor over the dict literal.
class Cursor {
public:
  Cursor(const char *begin, const char *end, const std::string &what)
      : at(begin), end(end), what(what) {}

  [[noreturn]] void malformed(const char *why) {
    fail(ExitCode::BadInput, what, ": malformed npy header: ", why);
  }
  void skipSpace() {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t'))
      ++at;
  }
  bool accept(char c) {
    skipSpace();
    if (at < end && *at == c) {
      ++at;
      return true;
    }
    return false;
  }
  void expect(char c, const char *why) {
    if (!accept(c))
      malformed(why);
  }
  std::string string() {
    skipSpace();
    if (at == end || (*at != '\'' && *at != '"'))
      malformed("expected a string");
    char quote = *at++;
    const char *start = at;
    while (at < end && *at != quote)
      ++at;
    if (at == end)
      malformed("unterminated string");
    return std::string(start, at++);
  }
  bool boolean() {
    skipSpace();
    for (bool value : {true, false}) {
      const char *word = value ? "True" : "False";
      size_t length = std::strlen(word);
      if (static_cast<size_t>(end - at) >= length &&
          std::memcmp(at, word, length) == 0) {
        at += length;
        return value;
      }
    }
    malformed("expected True or False");
  }
  int64_t integer() {
    skipSpace();
    if (at == end || *at < '0' || *at > '9')
      malformed("expected a size");
    int64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; ++at)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, *at - '0', &value))
        malformed("a size does not fit 64 bits");
    return value;
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(', "expected '('");
    while (!accept(')')) {
      if (values.size() == 32)
        malformed("more than 32 dimensions");
      values.push_back(integer());
      if (!accept(',')) {
        expect(')', "expected ')'");
        break;
      }
    }
    return values;
  }

private:
  const char *at, *end;
  const std::string &what;
};

} // namespace

int64_t checkedBytes(const std::vector<int64_t> &shape, int64_t elementBytes) {
  int64_t bytes = elementBytes;
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes))
      return -1;
  return bytes;
}

NpyHeader parseNpyHeader(const char *bytes, int64_t size,
                         const std::string &what) {
  if (size < 10 || std::memcmp(bytes, "\x93NUMPY", 6) != 0)
    fail(ExitCode::BadInput, what, ": not a npy file");
  int major = static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3)
    fail(ExitCode::BadInput, what, ": npy format version ", major,
         ", versions 1 to 3 are supported");
  auto byteAt = [&](int i) -> int64_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  int64_t prefix = major == 1 ? 10 : 12;
  if (size < prefix)
    fail(ExitCode::BadInput, what, ": the npy header is cut off");
  int64_t length = byteAt(8) | byteAt(9) << 8;
  if (major > 1)
    length |= byteAt(10) << 16 | byteAt(11) << 24;
  if (length > maxNpyHeader - 12)
    fail(ExitCode::BadInput, what, ": npy header of ", length,
         " bytes, at most ", maxNpyHeader - 12, " are accepted");
  if (prefix + length > size)
    fail(ExitCode::BadInput, what, ": the npy header is cut off");

  NpyHeader header;
  header.headerBytes = prefix + length;
  Cursor cursor(bytes + prefix, bytes + prefix + length, what);
  bool haveDescr = false, haveOrder = false, haveShape = false;
  cursor.expect('{', "expected '{'");
  while (!cursor.accept('}')) {
    std::string key = cursor.string();
    cursor.expect(':', "expected ':'");
    if (key == "descr") {
      std::string descr = cursor.string();
      if (descr == "|b1" || descr == "?")
        descr = "|b1";
      auto dtype = dtypeFromNumpy(descr);
      if (!dtype)
        fail(ExitCode::BadInput, what, ": element type '", descr,
             "' is not supported (little-endian f2 f4 f8 i1 i2 i4 i8 u1 b1 "
             "are)");
      header.dtype = *dtype;
      haveDescr = true;
    } else if (key == "fortran_order") {
      header.fortranOrder = cursor.boolean();
      haveOrder = true;
    } else if (key == "shape") {
      header.shape = cursor.tuple();
      haveShape = true;
    } else {
      cursor.malformed("unknown key");
    }
    if (!cursor.accept(',')) {
      cursor.expect('}', "expected '}'");
      break;
    }
  }
  if (!haveDescr || !haveOrder || !haveShape)
    cursor.malformed("descr, fortran_order or shape is missing");
  header.dataBytes = checkedBytes(header.shape, dtypeBytes(header.dtype));
  if (header.dataBytes < 0)
    fail(ExitCode::BadInput, what, ": shape ", shapeText(header.shape),
         " does not fit 64 bits");
  return header;
}

std::string makeNpyHeader(const TensorInfo &info) {
  std::string dict = "{'descr': '";
  dict += dtypeInfo(info.dtype)->numpy;
  dict += "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < info.shape.size(); ++i)
    dict += std::to_string(info.shape[i]) + (info.shape.size() == 1      ? ","
                                             : i + 1 < info.shape.size() ? ", "
                                                                         : "");
  dict += "), }";
  while ((10 + dict.size() + 1) % 64 != 0)
    dict += ' ';
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

void fromFortranOrder(const std::vector<int64_t> &shape, int64_t elementBytes,
                      const char *in, char *out) {
  int64_t total = checkedBytes(shape, 1);
  std::vector<int64_t> index(shape.size(), 0), stride(shape.size());
  int64_t step = 1;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    stride[dim] = step;
    step *= shape[dim];
  }
  int64_t source = 0;
  for (int64_t i = 0; i < total; ++i) {
    std::memcpy(out + i * elementBytes, in + source * elementBytes,
                elementBytes);
    for (size_t dim = shape.size(); dim-- > 0;) {
      source += stride[dim];
      if (++index[dim] < shape[dim])
        break;
      source -= stride[dim] * shape[dim];
      index[dim] = 0;
    }
  }
}

} // namespace vescale::runtime
