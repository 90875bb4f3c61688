/// Asks the nodes by turns, the silent ones last, and cuts the connections to masters that are none any more.
#include "broker/redis/wire/cluster_map.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/forks.hpp"
#include "broker/redis/wire/redis_connection.hpp"
#include "broker/redis/wire/shared_in_process.hpp"

namespace aftercommit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenRounds{250};
constexpr milliseconds kSilent{5000};  // for so long one that did not answer is asked last

Deadline from_now(milliseconds time) { return std::chrono::steady_clock::now() + time; }

std::string name_of_cluster(const RedisUrl& url) {
  std::string name;
  for (const auto& node : url.nodes) name.append(node.server()).append(1, '\0');
  for (const auto& part : {url.user, url.password, url.password_file}) name.append(1, '\0').append(part);
  if (!url.tls) return name;
  for (const auto& part : {url.tls->ca_file, url.tls->cert_file, url.tls->key_file, url.tls->server_name}) {
    name.append(1, '\0').append(part);
  }
  return name;
}

/// An address, a port, an id; a node that does not tell its address is where it was asked.
std::optional<RedisAddress> address_of_node(const redisReply& reply, const std::string& asked) {
  const auto words = elements(reply);
  if (words.size() < 2 || words[1]->integer < 1 || words[1]->integer > 65535) return {};
  const auto host = text(*words[0]);
  return RedisAddress{host.empty() || host == "?" ? asked : std::string{host},
                      static_cast<std::uint16_t>(words[1]->integer)};
}

std::optional<SlotRange> slot_range_of(const redisReply& reply, const std::string& asked) {
  const auto words = elements(reply);
  if (words.size() < 3) return {};
  auto master = address_of_node(*words[2], asked);
  if (!master) return {};
  SlotRange range{.first = static_cast<unsigned>(words[0]->integer),
                  .last = static_cast<unsigned>(words[1]->integer),
                  .master = std::move(*master)};
  for (const auto* replica : words.subspan(3)) {
    if (auto address = address_of_node(*replica, asked)) range.replicas.push_back(std::move(*address));
  }
  return range;
}

}  // namespace

std::vector<SlotRange> ask_for_slots(const RedisUrl& node, Deadline deadline) {
  RedisConnection connection{node, deadline};
  RedisPipeline commands;
  commands.add("CLUSTER", "SLOTS");
  connection.send(commands, deadline);
  const auto reply = connection.receive(commands, 0, deadline);
  if (is_error(*reply, "ERR") && text(*reply).find("cluster support disabled") != std::string_view::npos) {
    throw BrokerRefused{"Redis at " + connection.server() +
                        " is no node of a cluster: write redis:// in the broker URL, or start it with "
                        "cluster-enabled yes"};
  }
  if (is_error(*reply)) understand(*reply, "CLUSTER SLOTS", connection.server()).raise();
  std::vector<SlotRange> ranges;
  for (const auto* range : elements(*reply)) {
    if (auto known = slot_range_of(*range, node.host)) ranges.push_back(std::move(*known));
  }
  return ranges;
}

Deadline patience_with_node(Deadline deadline) {
  constexpr std::chrono::steady_clock::duration kLongest = milliseconds{1000};
  const auto now = std::chrono::steady_clock::now();
  return now + std::min(kLongest, (deadline - now) / 2);
}

std::shared_ptr<ClusterMap> ClusterMap::of(const RedisUrl& url) {
  return SharedInProcess<ClusterMap>::of(name_of_cluster(url),
                                         [&] { return std::shared_ptr<ClusterMap>{new ClusterMap{url}}; });
}

ClusterMap::ClusterMap(const RedisUrl& url) : forks_{detail::forks()}, url_{url} {}

bool ClusterMap::is_ours() const { return forks_ == detail::forks(); }

std::optional<RedisAddress> ClusterMap::master_of(unsigned slot) const {
  const std::lock_guard lock{mutex_};
  if (const auto found = moved_.find(slot); found != moved_.end()) return found->second;
  for (const auto& range : ranges_) {
    if (range.first <= slot && slot <= range.last) return range.master;
  }
  return {};
}

void ClusterMap::moved(unsigned slot, const RedisAddress& master) {
  const std::lock_guard lock{mutex_};
  moved_[slot] = master;
}

std::uint64_t ClusterMap::rounds() const {
  const std::lock_guard lock{mutex_};
  return rounds_;
}

void ClusterMap::await_round(std::uint64_t seen, Deadline deadline) const {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, deadline, [&] { return rounds_ != seen; });
}

ClusterMap::Outcome ClusterMap::refresh(std::uint64_t seen, Deadline deadline) {
  std::unique_lock lock{mutex_};
  while (rounds_ == seen && (asking_ || std::chrono::steady_clock::now() < ask_at_)) {
    changed_.wait_until(lock, asking_ ? deadline : std::min(deadline, ask_at_));
    if (rounds_ == seen && std::chrono::steady_clock::now() >= deadline) return {};
  }
  if (rounds_ != seen) return outcome_;

  asking_ = true;
  const auto nodes = whom_to_ask();
  lock.unlock();
  Outcome outcome;
  std::vector<RedisAddress> silent;
  std::vector<SlotRange> ranges;
  RedisAddress from;
  for (const auto& node : nodes) {
    if (std::chrono::steady_clock::now() >= deadline) break;  // who is not asked is not silent
    try {
      ranges = ask_for_slots(url_.at(node.host, node.port), patience_with_node(deadline));
      outcome = {.answered = true};
      from = node;
      break;
    } catch (const BrokerUnavailable& error) {
      outcome.said.append(outcome.said.empty() ? "" : "; ").append(error.what());
      silent.push_back(node);
    } catch (const BrokerRefused& error) {
      outcome.refused = true;
      outcome.said.append(outcome.said.empty() ? "" : "; ").append(error.what());
    } catch (...) {
      lock.lock();
      asking_ = false;
      changed_.notify_all();
      throw;
    }
  }

  lock.lock();
  asking_ = false;
  ask_at_ = from_now(kBetweenRounds);
  for (const auto& node : silent) silent_until_[node.server()] = from_now(kSilent);
  if (outcome.answered) learn(std::move(ranges), from);
  outcome_ = outcome;
  ++rounds_;
  changed_.notify_all();
  return outcome;
}

/// All that are known, those after who answered the last time first, so that no round is like the one before:
/// a node that is cut off from the others still tells what was.
std::vector<RedisAddress> ClusterMap::whom_to_ask() const {
  std::vector<RedisAddress> all;
  const auto add = [&](const RedisAddress& address) {
    if (std::ranges::find(all, address) == all.end()) all.push_back(address);
  };
  for (const auto& range : ranges_) {
    add(range.master);
    for (const auto& replica : range.replicas) add(replica);
  }
  for (const auto& node : url_.nodes) add({node.host, node.port});
  if (const auto last = std::ranges::find(all, asked_); last != all.end())
    std::rotate(all.begin(), last + 1, all.end());
  std::ranges::stable_partition(all,
                                [&, now = std::chrono::steady_clock::now()](const RedisAddress& address) {
                                  const auto silent = silent_until_.find(address.server());
                                  return silent == silent_until_.end() || silent->second <= now;
                                });
  return all;
}

void ClusterMap::learn(std::vector<SlotRange> ranges, const RedisAddress& from) {
  asked_ = from;
  silent_until_.erase(from.server());
  if (ranges.empty()) return;  // it is not in the cluster yet, or any more
  ranges_ = std::move(ranges);
  moved_.clear();
  for (const auto& held : held_) {
    const bool is_master =
        std::ranges::any_of(ranges_, [&](const SlotRange& range) { return range.master == held.address; });
    if (!is_master) ::shutdown(held.socket, SHUT_RDWR);
  }
}

std::shared_ptr<void> ClusterMap::hold(int socket, const RedisAddress& address) {
  const std::lock_guard lock{mutex_};
  const auto held = held_.insert(held_.end(), {socket, address});
  return {&*held, [self = shared_from_this(), held](const Held*) {
            if (!self->is_ours()) return;  // the lock may be held by a thread of the parent for ever
            const std::lock_guard release{self->mutex_};
            self->held_.erase(held);
          }};
}

}  // namespace aftercommit
