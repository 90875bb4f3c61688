/// Starts, stops and kills a redis-server process.
#include "support/servers/private_redis.hpp"

#include <hiredis/hiredis.h>
#include <sys/wait.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <utility>

#include "support/eventually.hpp"
#include "support/process_signals.hpp"
#include "support/servers/server_process.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::support {
PrivateRedis::PrivateRedis(std::vector<std::string> options)
    : options_{std::move(options)}, folder_{temporary_folder("redis")} {
  start();
}

PrivateRedis::~PrivateRedis() {
  kill();
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

std::string PrivateRedis::socket_path() const { return folder_ / "socket"; }

std::string PrivateRedis::url() const { return "redis+unix://" + socket_path(); }

std::string PrivateRedis::tcp_url() const { return "redis://127.0.0.1:" + std::to_string(port()); }

void PrivateRedis::start() {
  std::vector<std::string> command{"redis-server",
                                   "--port",
                                   std::to_string(port()),
                                   "--bind",
                                   "127.0.0.1",
                                   "--unixsocket",
                                   socket_path(),
                                   "--dir",
                                   folder_.string(),
                                   "--save",
                                   "",
                                   "--cluster-port",
                                   std::to_string(cluster_port_.number()),
                                   "--logfile",
                                   folder_ / "log"};
  for (const auto& option : options_) command.push_back(option == kItsPort ? std::to_string(port()) : option);
  process_ = start_server(command);
  if (!eventually([&] { return answers(); })) {
    throw std::runtime_error{"redis-server does not start; see " + (folder_ / "log").string()};
  }
}

void PrivateRedis::stop() { stop_process(process_); }

void PrivateRedis::resume() { signal_process(process_, SIGCONT); }

void PrivateRedis::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

bool PrivateRedis::answers() const {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context{::redisConnectUnix(socket_path().c_str()),
                                                                    &redisFree};
  if (!context || context->err != 0) return false;
  auto* reply = static_cast<redisReply*>(::redisCommand(context.get(), "PING"));
  const bool answered = reply != nullptr;  // also with -NOAUTH
  if (reply != nullptr) ::freeReplyObject(reply);
  return answered;
}

}  // namespace aftercommit::support
