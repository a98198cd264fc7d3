// What readers of names share.
#ifndef VESCALE_RUNTIME_IO_TEXT_H
#define VESCALE_RUNTIME_IO_TEXT_H

#include <string>

namespace vescale::runtime {

inline bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_TEXT_H
