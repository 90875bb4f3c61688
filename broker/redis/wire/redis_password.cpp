/// Reads a password as it is written by people and by mounted secrets.
#include "broker/redis/wire/redis_password.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

constexpr std::size_t kLongestPassword = 4096;

[[noreturn]] void refuse_password_file(std::string_view parameter, const std::string& why) {
  throw BrokerRefused{"the file that the broker URL names as " + std::string{parameter} + " " + why};
}

std::string first_bytes(int fd, std::string_view parameter) {
  std::array<char, kLongestPassword + 1> buffer{};
  std::string bytes;
  while (bytes.size() <= kLongestPassword) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_password_file(parameter, "cannot be read: " + std::generic_category().message(errno));
    if (got == 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

}  // namespace

std::string read_password_file(const std::string& path, std::string_view parameter) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) refuse_password_file(parameter, "cannot be opened: " + std::generic_category().message(errno));
  struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } const close{fd};
  auto password = first_bytes(fd, parameter);
  if (password.size() > kLongestPassword)
    refuse_password_file(parameter, "is longer than 4096 bytes: is it the right one?");
  password.erase(password.find_last_not_of(" \t\r\n") + 1);
  if (password.empty()) refuse_password_file(parameter, "is empty: write the password into it");
  return password;
}

}  // namespace aftercommit
