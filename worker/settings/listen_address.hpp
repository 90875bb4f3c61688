/// HOST:PORT, as an option says where to listen.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace aftercommit::worker {

struct ListenAddress {
  std::string host;  ///< without brackets
  std::string port;
};

/// "127.0.0.1:9394", "[::1]:9394", "metrics.internal:9394"; "9394" is that port of 127.0.0.1.  A text that is
/// none of these has no port.
inline ListenAddress split_address(std::string_view text) {
  const auto colon = text.rfind(':');
  ListenAddress address{"127.0.0.1", std::string{text}};
  if (colon != std::string_view::npos) {
    auto host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    } else if (host.empty() || host.find(':') != std::string_view::npos) {
      return {};
    }
    address = {std::string{host}, std::string{text.substr(colon + 1)}};
  }
  unsigned number = 0;
  const auto* const last = address.port.data() + address.port.size();
  const auto [end, error] = std::from_chars(address.port.data(), last, number);
  return error == std::errc{} && end == last && number <= 65535 ? address : ListenAddress{};
}

}  // namespace aftercommit::worker
