#include "dashboard/sessions.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace aftercommit::dashboard {
namespace {

std::string random_text() {
  std::array<unsigned char, 32> bytes{};  // so few getrandom gives whole
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error{errno, std::generic_category(), "getrandom"};
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += kHex[byte >> 4U];
    text += kHex[byte & 15U];
  }
  return text;
}

}  // namespace

std::string Sessions::begin(const User& user) {
  auto cookie = random_text();
  const auto now = Clock::now();
  const std::scoped_lock lock{mutex_};
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.until <= now; });
  if (sessions_.size() >= kMost) {
    sessions_.erase(
        std::ranges::min_element(sessions_, {}, [](const auto& entry) { return entry.second.until; }));
  }
  sessions_[cookie] = {.user = user, .until = now + kLength};
  return cookie;
}

std::optional<User> Sessions::find(std::string_view cookie) {
  const std::scoped_lock lock{mutex_};
  const auto found = sessions_.find(cookie);
  if (found == sessions_.end()) return {};
  if (found->second.until <= Clock::now()) {
    sessions_.erase(found);
    return {};
  }
  return found->second.user;
}

void Sessions::end(std::string_view cookie) {
  const std::scoped_lock lock{mutex_};
  const auto found = sessions_.find(cookie);
  if (found != sessions_.end()) sessions_.erase(found);
}

std::string_view cookie_of(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = header.find(';');
    auto pair = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace aftercommit::dashboard
