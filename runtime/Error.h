// The exception type of the whole library: every mistake of a user, a file or the operating system that nnc reports is
// one of these. The message is complete, lower case, and says what was expected and what came.
#pragma once
#include <stdexcept>
#include <string>

namespace nnc {

class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message) : std::runtime_error(message) {}
};

} // namespace nnc
