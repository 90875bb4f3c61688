/// Asks, checks, and says what each sentinel had to say.
#include "broker/redis/wire/sentinel_finder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

using std::chrono::steady_clock;

// A server that takes longer for a greeting is one of those that a failover is about.
constexpr std::chrono::milliseconds kSentinelAnswer{500};
constexpr std::chrono::milliseconds kMasterAnswer{1000};
constexpr std::chrono::milliseconds kAskAgain{250};

Deadline within(std::chrono::milliseconds time, Deadline deadline) {
  return std::min(deadline, steady_clock::now() + time);
}

}  // namespace

SentinelFinder::~SentinelFinder() { leave_to_parent(); }

/// The watch of a process that forked is never destroyed by its child, where threads that used it are not.
void SentinelFinder::leave_to_parent() {
  if (watch_ && !watch_->is_ours()) static_cast<void>(new std::shared_ptr<SentinelWatch>{std::move(watch_)});
}

SentinelWatch& SentinelFinder::watch() {
  leave_to_parent();
  if (!watch_) watch_ = SentinelWatch::of(url_);
  return *watch_;
}

std::unique_ptr<RedisConnection> SentinelFinder::connect(Deadline deadline) {
  for (;;) {
    const auto seen = watch().changes();
    Round round;
    if (auto connection = ask_all(deadline, round)) return connection;
    // Where one of them names a master, there will be one again; where none does, waiting helps nobody.
    const auto left = deadline - steady_clock::now();
    if (!round.named.empty() && left > kAskAgain) {
      watch().await_change(seen, within(kAskAgain, deadline));
      continue;
    }
    std::string sentence = "cannot find the Redis that sentinels call " + url_.master + ": ";
    for (const auto& said : round.said) {
      if (&said != &round.said.front()) sentence += "; ";
      sentence += said;
    }
    if (round.refused && round.named.empty()) throw BrokerRefused{sentence};
    throw BrokerUnavailable{sentence};
  }
}

std::unique_ptr<RedisConnection> SentinelFinder::ask_all(Deadline deadline, Round& round) {
  for (std::size_t i = 0; i < url_.sentinels.size(); ++i) {
    const auto index = (first_ + i) % url_.sentinels.size();
    if (auto connection = ask(url_.sentinels[index], deadline, round)) {
      first_ = index;
      return connection;
    }
  }
  for (const auto& address : round.doubted) {
    auto& said = round.said.emplace_back("at " + address.server() + ": ");
    if (auto connection = try_master(address, deadline, said)) return connection;
  }
  first_ = (first_ + 1) % url_.sentinels.size();  // one that is frozen may have taken all the time
  return nullptr;
}

std::unique_ptr<RedisConnection> SentinelFinder::ask(const RedisUrl& sentinel, Deadline deadline,
                                                     Round& round) {
  auto& said = round.said.emplace_back(sentinel.server() + " ");
  const auto address = ask_for_address(sentinel, deadline, round);
  if (!address) return nullptr;
  said.append("names ").append(address->server());
  if (std::ranges::find(round.named, *address) != round.named.end()) {
    said += " as well";
    return nullptr;
  }
  round.named.push_back(*address);
  if (watch().has_left(*address)) {
    said += ", which was announced to be no master any more";
    round.doubted.push_back(*address);
    return nullptr;
  }
  said += ", where: ";
  return try_master(*address, deadline, said);
}

std::optional<RedisAddress> SentinelFinder::ask_for_address(const RedisUrl& sentinel, Deadline deadline,
                                                            Round& round) const {
  auto& said = round.said.back();
  try {
    const auto address = sentinel_names(sentinel, url_.master, within(kSentinelAnswer, deadline));
    if (address) return address;
    said.append("knows no master ").append(url_.master);
  } catch (const BrokerUnavailable& error) {
    round.refused = false;
    said.append("does not serve: ").append(error.what());
  } catch (const BrokerRefused& error) {
    said.append("refuses: ").append(error.what());
  }
  return {};
}

std::unique_ptr<RedisConnection> SentinelFinder::try_master(const RedisAddress& address, Deadline deadline,
                                                            std::string& said) {
  try {
    const auto by = within(kMasterAnswer, deadline);
    auto connection = std::make_unique<RedisConnection>(url_.at(address.host, address.port), by);
    connection->keep(watch().hold(connection->descriptor(), address));
    RedisPipeline commands;
    commands.add("ROLE");
    connection->send(commands, by);
    const auto reply = connection->receive(commands, 0, by);
    if (is_error(*reply, "NOPERM")) return connection;  // a replica says so when it is written to
    if (is_error(*reply)) {
      said += understand(*reply, "ROLE", connection->server()).sentence;
      return nullptr;
    }
    const auto role = elements(*reply).empty() ? std::string_view{"nothing"} : text(*elements(*reply)[0]);
    if (role == "master") return connection;
    said.append("it says that it is a ").append(role);
  } catch (const BrokerUnavailable& error) {
    said += error.what();
  }
  return nullptr;
}

}  // namespace aftercommit
