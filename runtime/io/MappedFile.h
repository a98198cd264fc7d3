// A file mapped for reading.
#ifndef VESCALE_RUNTIME_IO_MAPPEDFILE_H
#define VESCALE_RUNTIME_IO_MAPPEDFILE_H

#include <cstdint>
#include <string>

namespace vescale::runtime {

class MappedFile {
public:
  /// Whether the kernel may read ahead of what is touched.
  enum class Access { ReadAhead, OnlyTouched };

  /// Fails with BadInput, naming the file as `what`, if it can't be mapped.
  MappedFile(const std::string &path, const std::string &what,
             Access access = Access::ReadAhead);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const char *data() const { return base; }
  int64_t size() const { return bytes; }
  const std::string &path() const { return name; }

private:
  std::string name;
  char *base = nullptr;
  int64_t bytes = 0;
};

/// Starts to read the pages of [at, at + bytes) and no others.
void prefetchPages(const char *at, int64_t bytes);
/// Drops this process's pages of [at, at + bytes) of a mapped file; touching
/// them reads them again.
void releasePages(const char *at, int64_t bytes);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_MAPPEDFILE_H
