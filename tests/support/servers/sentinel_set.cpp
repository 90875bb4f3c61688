/// Writes the files of sentinels, starts them, and waits until they are of one mind.
#include "support/servers/sentinel_set.hpp"

#include <hiredis/hiredis.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

#include "support/eventually.hpp"
#include "support/servers/server_process.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::support {
namespace {

/// The texts of a reply that is one or a list of them; none if there was no such reply.
std::vector<std::string> ask_server(std::uint16_t port, const char* command) {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context{::redisConnect("127.0.0.1", port),
                                                                    &redisFree};
  if (!context || context->err != 0) return {};
  const std::unique_ptr<void, decltype(&freeReplyObject)> answer{::redisCommand(context.get(), command),
                                                                 &freeReplyObject};
  std::vector<std::string> texts;
  const auto* reply = static_cast<const redisReply*>(answer.get());
  if (reply == nullptr) return texts;
  if (reply->type == REDIS_REPLY_STRING) texts.emplace_back(reply->str, reply->len);
  if (reply->type != REDIS_REPLY_ARRAY) return texts;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    const auto* element = reply->element[i];
    texts.push_back(element->str == nullptr ? "" : std::string{element->str, element->len});
  }
  return texts;
}

/// Whether it knows the replica and the two others.
bool knows_all(std::uint16_t port) {
  const auto texts = ask_server(port, "SENTINEL MASTER shop");
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) fields[texts[i]] = texts[i + 1];
  return fields["num-slaves"] == "1" && fields["num-other-sentinels"] == "2" && fields["flags"] == "master";
}

}  // namespace

PrivateSentinel::PrivateSentinel(std::uint16_t master_port, const std::string& lines)
    : folder_{temporary_folder("sentinel")} {
  const bool by_tls = lines.find("tls-cert-file") != std::string::npos;
  std::ofstream{folder_ / "sentinel.conf"}
      << (by_tls ? "port 0\ntls-port " : "port ") << port() << "\nbind 127.0.0.1\ndir " << folder_.string()
      << "\nlogfile log\nsentinel monitor shop 127.0.0.1 " << master_port
      << " 2\nsentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 3000\n"
      << lines;
  start();
}

PrivateSentinel::~PrivateSentinel() {
  kill();
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void PrivateSentinel::start() {
  process_ = start_server({"redis-server", folder_ / "sentinel.conf", "--sentinel"});
  const auto answers = [&] {
    const std::unique_ptr<redisContext, decltype(&redisFree)> context{::redisConnect("127.0.0.1", port()),
                                                                      &redisFree};
    return context && context->err == 0;
  };
  if (!eventually(answers)) throw std::runtime_error{"redis-sentinel does not start in " + folder_.string()};
}

void PrivateSentinel::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

SentinelSet::SentinelSet(PrivateRedis& master, const std::string& lines)
    : first{master},
      second{{"--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", std::to_string(first.port())}} {
  for (auto& sentinel : sentinels) sentinel = std::make_unique<PrivateSentinel>(first.port(), lines);
  if (!lines.empty()) return;  // they may ask for a password
  for (const auto& sentinel : sentinels) {
    if (!eventually([&] { return knows_all(sentinel->port()); })) {
      throw std::runtime_error{"a sentinel does not come to know the others"};
    }
  }
}

std::string SentinelSet::url(const std::string& credentials, const std::string& master) const {
  std::string all;
  for (const auto& sentinel : sentinels) all += (all.empty() ? "" : ",") + sentinel->at();
  return "redis+sentinel://" + credentials + all + "/" + master;
}

std::uint16_t SentinelSet::named_by(std::size_t sentinel) const {
  const auto address = ask_server(sentinels.at(sentinel)->port(), "SENTINEL GET-MASTER-ADDR-BY-NAME shop");
  return address.size() == 2 ? static_cast<std::uint16_t>(std::stoi(address[1])) : std::uint16_t{0};
}

bool SentinelSet::comes_to_follow(const PrivateRedis& server) {
  return eventually([&] {
    const auto told = ask_server(server.port(), "INFO replication");  // none while it closes connections
    return !told.empty() && told[0].find("role:slave") != std::string::npos &&
           told[0].find("master_link_status:up") != std::string::npos;
  });
}

bool SentinelSet::comes_to_be(const PrivateRedis& master) const {
  return eventually([&] {
    for (std::size_t i = 0; i < sentinels.size(); ++i) {
      if (named_by(i) == master.port()) return true;
    }
    return false;
  });
}

}  // namespace aftercommit::support
