/// Reads what INFO tells of version, mode and eviction; CONFIG GET is more often forbidden.
#include "broker/redis/redis_check.hpp"

#include <charconv>
#include <optional>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

constexpr int kOldestMajor = 7;  // scripts with flags: allow-oom is what lets a full Redis be drained

/// The value on the line "name:value"; empty if there is none.
std::string_view field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const auto end = info.find("\r\n");
    const auto line = info.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return line.substr(name.size() + 1);
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 2);
  }
  return {};
}

}  // namespace

std::vector<std::string> redis_check(RedisSession& session, Deadline deadline) {
  session.meet_keys(deadline);
  RedisPipeline commands;
  commands.add("INFO", "server");
  commands.add("INFO", "memory");
  std::string info;
  std::vector<std::string> warnings;
  std::optional<RedisRefusal> refusal;
  session.run(commands, deadline, [&](std::size_t i, Reply reply) {
    if (is_error(*reply, "NOPERM")) return;
    if (is_error(*reply)) {
      refusal = session.understand(*reply, commands.what(i));
    } else {
      info.append(text(*reply)).append("\r\n");
    }
  });
  if (refusal) refusal->raise();

  const bool as_cluster = !session.url().tag.empty();
  const auto server = "Redis at " + (as_cluster ? session.server() : session.url().server());
  const auto version = field(info, "redis_version");
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (version.empty()) {
    warnings.push_back(server +
                       " does not tell its version: make sure that it is 7.0 or newer, and no node of a "
                       "cluster unless the broker URL says so (ACL SETUSER ... +info lets it tell)");
  } else if (major < kOldestMajor) {
    throw ConfigError{server + " is version " + std::string{version} +
                      ", and 7.0 is the oldest that will do"};
  }
  if (!as_cluster && field(info, "redis_mode") == "cluster") {
    throw ConfigError{server +
                      " is a node of a cluster: write redis+cluster://host:port,host:port/ with some of its "
                      "nodes as the broker URL"};
  }
  const auto policy = field(info, "maxmemory_policy");
  if (policy.empty()) {
    warnings.push_back(server +
                       " does not tell its maxmemory-policy: make sure that it is noeviction, with any other "
                       "a full Redis deletes jobs");
  } else if (policy != "noeviction") {
    warnings.push_back(server + " has maxmemory-policy " + std::string{policy} +
                       ": when it is full it deletes jobs, unnoticed; set it to noeviction");
  }
  return warnings;
}

}  // namespace aftercommit
