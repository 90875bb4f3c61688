#include "dashboard/guesses.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "aftercommit/log.hpp"
#include "dashboard/addresses.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kLongestAddress = 100;  // of the text

/// As it is counted.
std::string network_of(std::string_view address) {
  const std::string text{address.substr(0, kLongestAddress)};
  in6_addr six{};
  if (inet_pton(AF_INET6, text.c_str(), &six) != 1) return text;
  constexpr std::size_t kNetwork = 8;  // bytes of 16
  constexpr std::size_t kMapped = 12;  // bytes before an address of IPv4
  const auto* const bytes = reinterpret_cast<const char*>(&six);
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    std::string four(INET_ADDRSTRLEN, '\0');
    inet_ntop(AF_INET, bytes + kMapped, four.data(), INET_ADDRSTRLEN);
    return four.substr(0, four.find('\0'));
  }
  return "6:" + std::string{bytes, kNetwork};
}

/// What the proxy has added, which is the last of the list; empty: none did, or who asks is no proxy of ours.
std::string_view forwarded_for(const Request& request) {
  if (!is_loopback(network_of(request.from)) && request.from != "::1") return {};
  auto list = request.header(kForwardedFor);
  if (const auto comma = list.rfind(','); comma != list.npos) list.remove_prefix(comma + 1);
  while (list.starts_with(' ')) list.remove_prefix(1);
  while (list.ends_with(' ')) list.remove_suffix(1);
  return is_address(list) ? list : std::string_view{};
}

}  // namespace

std::optional<std::chrono::seconds> Guesses::wait(const Request& request, Clock::time_point now) {
  const auto behind = forwarded_for(request);
  const std::scoped_lock lock{mutex_};
  if (behind.empty()) return left(network_of(request.from), kMost, now);
  return std::max(left(network_of(behind), kMost, now),  // an empty one is the least
                  left("by " + network_of(request.from), kMostByProxy, now));
}

void Guesses::wrong(const Request& request, Clock::time_point now) {
  constexpr std::chrono::seconds kBetweenLines{1};
  const auto behind = forwarded_for(request);
  bool last = false;
  bool tells = false;
  {
    const std::scoped_lock lock{mutex_};
    last = count(network_of(behind.empty() ? request.from : behind), kMost, now);
    if (!behind.empty()) last = count("by " + network_of(request.from), kMostByProxy, now) || last;
    tells = last || now - told_at_ >= kBetweenLines;
    if (tells) told_at_ = now;
  }
  if (!tells) return;
  const auto from = behind.empty() ? request.from : std::string{behind} + " by " + request.from;
  log(LogLevel::kWarning,
      last ? "too many wrong tokens or passwords were given to the dashboard: no more are looked at from "
             "there for a minute"
           : "a wrong token or password was given to the dashboard",
      {{"from", from}});
}

std::optional<std::chrono::seconds> Guesses::left(const std::string& address, int most,
                                                  Clock::time_point now) const {
  const auto found = tried_.find(address);
  if (found == tried_.end() || found->second.wrong < most || found->second.until <= now) return {};
  return std::chrono::ceil<std::chrono::seconds>(found->second.until - now);
}

bool Guesses::count(const std::string& address, int most, Clock::time_point now) {
  auto found = tried_.find(address);
  if (found == tried_.end() && tried_.size() >= kAddresses) {
    std::erase_if(tried_, [&](const auto& entry) { return entry.second.until <= now; });
    if (tried_.size() >= kAddresses) {
      tried_.erase(
          std::ranges::min_element(tried_, {}, [](const auto& entry) { return entry.second.until; }));
    }
  }
  if (found == tried_.end()) found = tried_.emplace(address, Tried{}).first;
  auto& tried = found->second;
  if (tried.until <= now) tried = {.wrong = 0, .until = now + kPeriod};
  return ++tried.wrong == most;
}

}  // namespace aftercommit::dashboard
