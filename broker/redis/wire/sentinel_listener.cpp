/// Waits on all sentinels at once; asks each where the master is when it begins to listen to it.
#include "broker/redis/wire/sentinel_listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "aftercommit/error.hpp"
#include "base/process/signals_blocked.hpp"
#include "broker/redis/wire/sentinel_watch.hpp"

namespace aftercommit {
namespace {

using std::chrono::milliseconds;

// A command that only looks at something is over before this.
constexpr milliseconds kFirstSubscription{300};
constexpr milliseconds kSubscribeWithin{500};
constexpr milliseconds kTryAgain{3000};
// A silent sentinel is one whose announcements do not arrive.
constexpr milliseconds kPing{1000};

Deadline in(milliseconds time) { return std::chrono::steady_clock::now() + time; }

std::optional<RedisAddress> address_of(std::string_view host, std::string_view port) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || host.empty()) return {};
  return RedisAddress{std::string{host}, number};
}

std::optional<RedisAddress> address_of(const redisReply& reply) {
  const auto parts = elements(reply);
  return parts.size() == 2 ? address_of(text(*parts[0]), text(*parts[1])) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void add_question(RedisPipeline& commands, const std::string& master) {
  commands.add("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master);
}

}  // namespace

std::optional<RedisAddress> sentinel_names(const RedisUrl& sentinel, const std::string& master,
                                           Deadline deadline) {
  RedisConnection connection{sentinel, deadline};
  RedisPipeline commands;
  add_question(commands, master);
  connection.send(commands, deadline);
  const auto reply = connection.receive(commands, 0, deadline);
  if (is_error(*reply)) understand(*reply, commands.what(0), connection.server()).raise();
  return address_of(*reply);
}

SentinelListener::SentinelListener(const RedisUrl& url, SentinelWatch& watch)
    : master_{url.master}, sentinels_{url.sentinels}, watch_{watch}, wake_{::eventfd(0, EFD_CLOEXEC)} {
  if (wake_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  for (const auto& sentinel : sentinels_)
    links_.push_back({.sentinel = &sentinel, .next = in(kFirstSubscription)});
  const detail::SignalsBlocked blocked;
  thread_ = std::thread{[this] { run(); }};
}

SentinelListener::~SentinelListener() {
  ending_ = true;
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
  thread_.join();
  ::close(wake_);
}

void SentinelListener::run() noexcept {
  while (wait()) {
    for (auto& link : links_) {
      if (ending_) return;
      try {
        attend(link);
      } catch (const std::exception&) {  // whoever needs the sentinel says what is wrong with it
        link = {.sentinel = link.sentinel, .next = in(kTryAgain)};
      }
    }
  }
}

/// Until a sentinel speaks or one is to be attended to; false at the end.
bool SentinelListener::wait() {
  std::vector<pollfd> waiting{{wake_, POLLIN, 0}};
  auto next = Deadline::max();
  for (const auto& link : links_) {
    if (link.connection) waiting.push_back({link.connection->descriptor(), POLLIN, 0});
    next = std::min(next, link.next);
  }
  const auto left = std::chrono::ceil<milliseconds>(next - std::chrono::steady_clock::now());
  ::poll(waiting.data(), waiting.size(),
         static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 60'000)));
  return !ending_;
}

void SentinelListener::attend(Link& link) {
  if (link.connection) hear(link);
  if (std::chrono::steady_clock::now() < link.next) return;
  if (!link.connection) return subscribe(link);
  if (link.pinged) throw BrokerUnavailable{"it does not answer"};
  RedisPipeline commands;
  commands.add("PING");
  link.connection->send(commands, in(kPing));
  link.pinged = true;
  link.next = in(kPing);
}

void SentinelListener::subscribe(Link& link) {
  const auto deadline = in(kSubscribeWithin);
  auto connection = std::make_unique<RedisConnection>(*link.sentinel, deadline);
  RedisPipeline commands;  // in one go: between the two nothing is missed
  add_question(commands, master_);
  commands.add("SUBSCRIBE", "+switch-master");
  connection->send(commands, deadline);
  const auto answer = connection->receive(commands, 0, deadline);
  if (!is_error(*answer)) learn_address(*answer);
  const auto subscribed = connection->receive(commands, 1, deadline);
  if (is_error(*subscribed)) understand(*subscribed, commands.what(1), connection->server()).raise();
  link = {.sentinel = link.sentinel, .connection = std::move(connection), .next = in(kPing)};
}

void SentinelListener::hear(Link& link) {
  while (const auto message = link.connection->overhear({})) {
    link.pinged = false;
    hear_message(*message);
  }
}

void SentinelListener::learn_address(const redisReply& reply) {
  if (const auto master = address_of(reply)) watch_.learn(*master, {});
}

/// "message", "+switch-master", "name old-host old-port new-host new-port".
void SentinelListener::hear_message(const redisReply& message) {
  const auto parts = elements(message);
  if (parts.size() != 3 || text(*parts[0]) != "message") return;
  const auto words = words_of(text(*parts[2]));
  if (words.size() != 5 || words[0] != master_) return;
  const auto from = address_of(words[1], words[2]), to = address_of(words[3], words[4]);
  if (from && to) watch_.learn(*to, from);
}

}  // namespace aftercommit
