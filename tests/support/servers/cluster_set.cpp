/// Makes the nodes known to each other, and reads what they say of themselves by CLUSTER NODES.
#include "support/servers/cluster_set.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "support/eventually.hpp"

namespace aftercommit::support {
namespace {

constexpr std::size_t kMasters = 3;
constexpr unsigned kAllSlots = 16384;

std::string id_of(const PrivateRedis& node) { return ask_redis(node, {"CLUSTER", "MYID"}); }

bool says(const PrivateRedis& node, const std::vector<std::string>& question, const std::string& line) {
  try {
    return ask_redis(node, question).find(line) != std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

/// As one node sees another.
struct ClusterSet::Node {
  int port = 0;
  bool is_master = false;  ///< and not taken for down
  std::vector<std::pair<unsigned, unsigned>> slots{};

  bool has(unsigned slot) const {
    return std::ranges::any_of(
        slots, [&](const auto& range) { return range.first <= slot && slot <= range.second; });
  }
};

ClusterSet::ClusterSet(std::vector<std::string> options) {
  options.insert(options.begin(), {"--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
                                   "--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0",
                                   "--cluster-replica-validity-factor", "0"});
  while (nodes.size() < 2 * kMasters) nodes.emplace_back(options);
  for (std::size_t i = 0; i < kMasters; ++i) {
    const auto first = kAllSlots * i / kMasters, next = kAllSlots * (i + 1) / kMasters;
    ask_redis(nodes[i], {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(next - 1)});
    ask_redis(nodes[i], {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      ask_redis(nodes[i], {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes[j].port()),
                           std::to_string(nodes[j].cluster_port())});
    }
  }
  for (std::size_t i = 0; i < kMasters; ++i) {
    const auto follows = [&] {
      try {
        ask_redis(nodes[kMasters + i], {"CLUSTER", "REPLICATE", id_of(nodes[i])});
        return true;
      } catch (const std::exception&) {
        return false;  // it does not know it yet
      }
    };
    if (!eventually(follows)) throw std::runtime_error{"a node does not come to know its master"};
  }
  if (!comes_to_be_whole()) throw std::runtime_error{"the cluster does not come to be whole"};
}

std::string ClusterSet::url(unsigned shards, const std::string& credentials) const {
  std::string all;
  for (std::size_t i = 0; i < kMasters; ++i)
    all += (all.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(nodes[i].port()));
  return "redis+cluster://" + credentials + all + "/?shards=" + std::to_string(shards);
}

/// "<id> 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 5500 [...]"
std::vector<ClusterSet::Node> ClusterSet::view_of(const PrivateRedis& node) {
  std::vector<Node> all;
  std::istringstream lines{ask_redis(node, {"CLUSTER", "NODES"})};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string id, address, flags, skipped;
    words >> id >> address >> flags >> skipped >> skipped >> skipped >> skipped >> skipped;
    auto& seen = all.emplace_back();
    seen.port = std::stoi(address.substr(address.find(':') + 1));
    seen.is_master = flags.find("master") != std::string::npos && flags.find("fail") == std::string::npos;
    for (std::string range; words >> range && range.front() != '[';) {
      const auto dash = range.find('-');
      const auto first = static_cast<unsigned>(std::stoul(range));
      const auto last =
          dash == range.npos ? first : static_cast<unsigned>(std::stoul(range.substr(dash + 1)));
      seen.slots.emplace_back(first, last);
    }
  }
  return all;
}

/// As it says itself: others learn of a change later.
std::size_t ClusterSet::number_of_master(unsigned slot) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    try {
      for (const auto& seen : view_of(nodes[i])) {
        if (seen.port == nodes[i].port() && seen.is_master && seen.has(slot)) return i;
      }
    } catch (const std::exception&) {
      // It does not run.
    }
  }
  throw std::runtime_error{"no node says that it is the master of slot " + std::to_string(slot)};
}

PrivateRedis& ClusterSet::master_of(unsigned slot) { return nodes[number_of_master(slot)]; }

PrivateRedis& ClusterSet::other_master(const PrivateRedis& than) {
  for (const auto& seen : view_of(than)) {
    if (seen.port == than.port() || !seen.is_master || seen.slots.empty()) continue;
    for (auto& node : nodes) {
      if (node.port() == seen.port) return node;
    }
  }
  throw std::runtime_error{"the cluster has no other master"};
}

long long ClusterSet::ask_number(unsigned slot, const std::vector<std::string>& words) const {
  return ask_redis_number(nodes[number_of_master(slot)], words);
}

std::vector<std::string> ClusterSet::ask_list(unsigned slot, const std::vector<std::string>& words) const {
  return ask_redis_list(nodes[number_of_master(slot)], words);
}

bool ClusterSet::comes_to_leave(const PrivateRedis& node, unsigned slot) {
  return eventually([&] {
    try {
      return &master_of(slot) != &node;
    } catch (const std::exception&) {
      return false;  // it has none now
    }
  });
}

/// A master that does not know its replica yet says nothing to it, and Redis gives up after five seconds.
bool ClusterSet::hands_over_to(const PrivateRedis& replica) {
  const auto is_master = [&] { return says(replica, {"INFO", "replication"}, "role:master"); };
  for (int tries = 0; tries < 4 && !is_master(); ++tries) {
    ask_redis(replica, {"CLUSTER", "FAILOVER"});
    eventually(is_master, std::chrono::seconds{6});
  }
  return is_master();
}

bool ClusterSet::comes_to_be_whole() {
  const auto is_whole = [&](const PrivateRedis& node) {
    return says(node, {"CLUSTER", "INFO"}, "cluster_state:ok") &&
           says(node, {"CLUSTER", "INFO"}, "cluster_slots_ok:16384") &&
           says(node, {"CLUSTER", "INFO"}, "cluster_known_nodes:" + std::to_string(nodes.size())) &&
           !says(node, {"CLUSTER", "NODES"}, "handshake") && !says(node, {"CLUSTER", "NODES"}, "fail") &&
           (says(node, {"INFO", "replication"}, "master_link_status:up") ||
            says(node, {"INFO", "replication"}, "state=online"));
  };
  return eventually([&] { return std::ranges::all_of(nodes, is_whole); });
}

void ClusterSet::move_slot(unsigned slot, PrivateRedis& to, const std::function<void()>& between) {
  auto& from = master_of(slot);
  const auto number = std::to_string(slot);
  ask_redis(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", id_of(from)});
  ask_redis(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", id_of(to)});
  const auto keys_left = [&](std::size_t most) {
    return ask_redis_list(from, {"CLUSTER", "GETKEYSINSLOT", number, std::to_string(most)});
  };
  const auto migrate = [&](const std::vector<std::string>& keys) {
    std::vector<std::string> words{"MIGRATE", "127.0.0.1", std::to_string(to.port()), "", "0",
                                   "5000",    "KEYS"};
    words.insert(words.end(), keys.begin(), keys.end());
    ask_redis(from, words);
  };
  constexpr std::size_t kMany = 1000;
  const auto all = keys_left(kMany);
  if (!all.empty()) migrate({all.begin(), all.begin() + static_cast<std::ptrdiff_t>((all.size() + 1) / 2)});
  between();
  for (auto keys = keys_left(kMany); !keys.empty(); keys = keys_left(kMany)) migrate(keys);
  between();
  const auto target = id_of(to);
  ask_redis(to, {"CLUSTER", "SETSLOT", number, "NODE", target});  // first: now it may say so
  ask_redis(from, {"CLUSTER", "SETSLOT", number, "NODE", target});
}

}  // namespace aftercommit::support
