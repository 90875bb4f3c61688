#include "operate/findings.hpp"

#include <array>

#include "broker/contract/shards.hpp"
#include "broker/redis/wire/redis_keys.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "client/settings/command_hint.hpp"

namespace aftercommit::operate {
namespace {

struct Words {
  std::string_view word;
  std::string_view meaning;
  std::string_view remedy;  // empty: see below
  bool needs_somebody = false;
};

constexpr std::string_view kSkipped =
    "nothing to do: a worker that fetches it finds that it is done, and skips it";

constexpr std::array<Words, 8> kWords{{
    {"stranded",
     "committed jobs that Redis claims to have and that stand nowhere in it: nobody will run them", "", true},
    {"passed", "committed jobs that are not in Redis and that the relay has read past: nobody will run them",
     "", true},
    {"left_over",
     "jobs that Redis remembers, without a row and without an entry: it would refuse them if they came "
     "again",
     "", true},
    {"without_row", "durable jobs in Redis whose row is gone: done, rolled back, or deleted", kSkipped},
    {"alive_and_dead", "jobs that wait to run and have a dead letter as well",
     "they will run; then their letters can go: aftercommit dead delete ID, with the servers and schema of "
     "this command",
     true},
    {"twice", "jobs that stand in Redis more than once",
     "nothing to do: each takes effect once, and is skipped the second time"},
    {"unreadable", "entries of Redis that are no jobs",
     "nothing to do: a worker that fetches one keeps it as a dead letter"},
    {"unreadable_row", "rows of the job table that are no jobs",
     "nothing to do: a relay moves them to the dead ones, unless Redis has them already"},
}};

/// To speak to the same Redis; asks for a password where there is one.
std::string redis_cli(const RedisUrl& url) {
  std::string line = "redis-cli";
  if (!url.socket_path.empty()) line += " -s " + detail::shell_word(url.socket_path);
  if (!url.nodes.empty()) line += " -c -h " + detail::shell_word(url.nodes.front().host);
  if (!url.nodes.empty() && url.nodes.front().port != RedisUrl{}.port)
    line += " -p " + std::to_string(url.nodes.front().port);
  if (!url.sentinels.empty()) line += " -h <where " + url.master + " is now>";
  if (!url.host.empty() && url.host != "127.0.0.1" && url.host != "localhost")
    line += " -h " + detail::shell_word(url.host);
  if (!url.host.empty() && url.port != RedisUrl{}.port) line += " -p " + std::to_string(url.port);
  if (url.tls) line += " --tls";
  const auto add = [&line](std::string_view option, const std::string& value) {
    if (!value.empty()) line.append(option) += detail::shell_word(value);
  };
  if (url.tls) {
    add(" --cacert ", url.tls->ca_file);
    add(" --cert ", url.tls->cert_file);
    add(" --key ", url.tls->key_file);
    add(" --sni ", url.tls->server_name);
  }
  if (!url.user.empty()) line += " --user " + detail::shell_word(url.user);
  if (!url.password.empty() || !url.password_file.empty()) line += " --askpass";
  if (url.database != 0) line += " -n " + std::to_string(url.database);
  return line;
}

const Words& words(Finding::Kind kind) { return kWords.at(static_cast<std::size_t>(kind)); }

}  // namespace

std::string_view word(Finding::Kind kind) { return words(kind).word; }

std::string_view meaning(Finding::Kind kind) { return words(kind).meaning; }

bool needs_somebody(Finding::Kind kind) { return words(kind).needs_somebody; }

std::string remedy(Finding::Kind kind, const Queue& queue, const std::string& redis_url) {
  if (!words(kind).remedy.empty()) return std::string{words(kind).remedy};
  const bool is_passed = kind == Finding::Kind::kPassed;
  const Shards shards{redis_url};
  std::string forget;  // on each of several servers
  for (const auto& shard : shards.all()) {
    const auto url = shard.url.starts_with("memory:") ? RedisUrl{} : parse_redis_url(shard.url);
    const RedisKeys keys{url.prefix, url.tag, queue};
    if (!forget.empty()) forget += " and ";
    forget += redis_cli(url) + " DEL '" + keys.relay + "'";
    if (!is_passed) forget += " '" + keys.durable + "'";
  }
  if (is_passed)
    return forget + (shards.several() ? " make relays" : " makes a relay") +
           " read the whole job table of this queue anew";
  return forget + (shards.several() ? " make relays" : " makes a relay") +
         " bring all jobs of this queue anew; those that stand in Redis twice then take effect once";
}

}  // namespace aftercommit::operate
