/// Sends commands after their keys, in a cluster whose slots move.
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {
namespace {

using RedirectKind = RedisRedirect::Kind;

constexpr std::chrono::milliseconds kUnsettled{1000};  // a slot with few keys has moved long before
constexpr std::chrono::milliseconds kFirstPause{5};
constexpr std::chrono::milliseconds kLongestPause{100};

}  // namespace

void RedisSession::follow(const RedisPipeline& commands, std::vector<Redirected> left, Deadline deadline,
                          const TakeReply& take) {
  const auto give_up = std::min(deadline, std::chrono::steady_clock::now() + kUnsettled);
  auto pause = kFirstPause;
  for (bool first = true; !left.empty(); first = false) {
    const auto moved =
        std::ranges::find(left, RedirectKind::kMoved, [](const auto& one) { return one.redirect.kind; });
    if (moved != left.end()) leave_for(moved->redirect.to);
    // Once at once; then they are half here and half there, or the nodes do not agree yet.
    const bool at_once = first && std::ranges::none_of(left, [](const auto& one) {
                           return one.redirect.kind == RedirectKind::kAgain;
                         });
    if (!at_once) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= give_up) break;
      finder_->wait_for_news(std::min(give_up, now + pause));
      pause = std::min(2 * pause, kLongestPause);
    }
    run_again(commands, left, deadline, take);
  }
  for (auto& one : left) {
    // Of the others nobody knows what to make; this one says that it passes.
    if (one.redirect.kind != RedirectKind::kAgain) {
      throw BrokerUnavailable{"the nodes of the cluster of " + url_.server() + " do not agree on who has " +
                              commands.what(one.command) + ": " + std::string{text(*one.reply)} +
                              "; try again in a moment"};
    }
    take(one.command, std::move(one.reply));
  }
}

/// A replica that has taken the place of its master may lack what was told last.
void RedisSession::leave_for(const RedisAddress& master) {
  finder_->follow(master);
  disconnect();
  if (pinned_) {
    throw BrokerUnavailable{"the keys of " + url_.server() + " have gone to " + master.server() +
                            " between two calls that belong together; they can be made again"};
  }
}

/// All that is left once more; it becomes what is left then.
void RedisSession::run_again(const RedisPipeline& commands, std::vector<Redirected>& left, Deadline deadline,
                             const TakeReply& take) {
  std::vector<Redirected> still_left;
  const auto sort = [&](std::size_t command, Reply reply) {
    const auto redirect = is_error(*reply) ? finder_->redirect(*reply) : std::nullopt;
    if (!redirect) return take(command, std::move(reply));
    still_left.push_back({command, *redirect, std::move(reply)});
  };
  std::vector<std::size_t> here;
  RedisPipeline again;
  for (const auto& one : left) {
    if (one.redirect.kind == RedirectKind::kAsk) {
      const auto connection = finder_->connect_to(one.redirect.to, deadline);
      RedisPipeline asking;
      asking.add("ASKING");  // for the next command alone
      commands.add_again(one.command, asking);
      connection->send(asking, deadline);
      connection->receive(asking, 0, deadline);
      sort(one.command, connection->receive(asking, 1, deadline));
    } else {
      here.push_back(one.command);
      commands.add_again(one.command, again);
    }
  }
  if (!here.empty()) {
    connect(deadline);
    const auto held = connection_;  // `take` may make the session forget it
    held->send(again, deadline);
    for (std::size_t i = 0; i < here.size(); ++i) sort(here[i], held->receive(again, i, deadline));
  }
  left = std::move(still_left);
}

void RedisSession::meet_keys(Deadline deadline) {
  if (url_.tag.empty()) return;
  RedisPipeline commands;
  commands.add("EXISTS", url_.prefix + ":{" + url_.tag + "}:");
  std::optional<RedisRefusal> refusal;
  run(commands, deadline, [&](std::size_t, Reply reply) {
    // Who may not ask this goes where the map says.
    if (is_error(*reply) && !is_error(*reply, "NOPERM")) refusal = understand(*reply, commands.what(0));
  });
  if (refusal) refusal->raise();
}

}  // namespace aftercommit
