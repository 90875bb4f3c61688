/// Asks INFO, CONFIG GET and TIME; and tries the commands of a worker on keys that no queue has.
#include "broker/redis/redis_report.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "base/text/text.hpp"

namespace aftercommit {
namespace {

/// What is looked at of the settings.  CONFIG GET takes several names since 7.0.
constexpr auto kSettings = std::to_array<std::string_view>(
    {"maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "save", "dir", "timeout", "tcp-keepalive",
     "maxclients", "min-replicas-to-write", "stop-writes-on-bgsave-error", "no-appendfsync-on-rewrite",
     "busy-reply-threshold", "replica-read-only", "cluster-require-full-coverage"});

/// The lines "name:value" of INFO.
void read_lines(std::string_view text, ServerReport::Values& values) {
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    if (const auto colon = line.find(':'); colon != std::string_view::npos && !line.starts_with('#'))
      values.emplace(line.substr(0, colon), clean_text(line.substr(colon + 1), 200));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
}

/// Names and values by turns, as CONFIG GET answers.
void read_pairs(const redisReply& reply, ServerReport::Values& values) {
  const auto words = elements(reply);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2)
    values.emplace(text(*words[i]), clean_text(text(*words[i + 1]), 200));
}

/// Each command once, in a form that changes nothing: on keys that are not there, and that no queue can have.
RedisPipeline trials(const RedisUrl& url) {
  const bool as_cluster = !url.tag.empty();
  const auto key = url.prefix + ":{" + url.tag + "}:" + (as_cluster ? ":" : "") + "doctor";
  RedisPipeline commands;
  commands.add("XADD", key, "NOMKSTREAM", "*", "e", "x");
  commands.add("XREADGROUP", "GROUP", kRedisGroup, "doctor", "COUNT", 1, "STREAMS", key, ">");
  commands.add("XACK", key, kRedisGroup, "0-1");
  commands.add("XDEL", key, "0-1");
  commands.add("XLEN", key);
  commands.add("XPENDING", key, kRedisGroup);
  commands.add("XRANGE", key, "-", "+", "COUNT", 1);
  commands.add("XGROUP", "DELCONSUMER", key, kRedisGroup, "doctor");
  commands.add("XINFO", "CONSUMERS", key, kRedisGroup);
  commands.add("ZADD", key, "XX", 0, "x");
  commands.add("ZREM", key, "x");
  commands.add("ZRANGE", key, 0, 0);
  commands.add("ZCARD", key);
  commands.add("ZSCORE", key, "x");
  commands.add("SMEMBERS", key);
  commands.add("SMISMEMBER", key, "x");
  commands.add("SREM", key, "x");
  commands.add("SSCAN", key, 0);
  commands.add("HGETALL", key);
  commands.add("HDEL", key, "x");
  commands.add("GET", key);
  commands.add("SET", key, "x", "XX");
  commands.add("DEL", key);
  commands.add("SCAN", 0, "MATCH", key, "COUNT", 1);
  commands.add(as_cluster ? "SPUBLISH" : "PUBLISH", key, "x");
  if (as_cluster) {
    commands.add("CLUSTER", "SLOTS");
    commands.add("ASKING");
  }
  commands.add("EVAL", "return 1", 0);
  return commands;
}

/// By how much the clock of the server is ahead, in the middle of a round trip.
void read_clock(RedisSession& session, Deadline deadline, ServerReport& report) {
  RedisPipeline command;
  command.add("TIME");
  session.connect(deadline);  // which takes longer than a round trip
  const auto sent = std::chrono::system_clock::now();
  const auto began = std::chrono::steady_clock::now();
  session.run(command, deadline, [&](std::size_t, Reply reply) {
    if (is_error(*reply) || reply->elements < 2) return;
    const auto half = (std::chrono::steady_clock::now() - began) / 2;
    std::int64_t seconds = 0, us = 0;
    const auto read = [](std::string_view digits, std::int64_t& number) {
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
    };
    read(text(*elements(*reply)[0]), seconds);
    read(text(*elements(*reply)[1]), us);
    const auto there = std::chrono::seconds{seconds} + std::chrono::microseconds{us};
    const auto here = sent.time_since_epoch() + half;
    report.ahead = std::chrono::duration_cast<Millis>(there - here);
    report.ahead_within = std::chrono::ceil<Millis>(half);
  });
}

}  // namespace

ServerReport redis_report(RedisSession& session, Deadline deadline) {
  session.meet_keys(deadline);
  ServerReport report{.server = session.url().server(), .user = session.url().user};
  report.as_cluster = !session.url().tag.empty();
  if (report.as_cluster) report.server = session.server();
  read_clock(session, deadline, report);

  RedisPipeline questions;
  questions.add("INFO");
  questions.begin("CONFIG", 1 + kSettings.size());
  questions.word("GET");
  for (const auto name : kSettings) questions.word(name);
  questions.add("ACL", "WHOAMI");
  std::optional<RedisRefusal> refusal;
  session.run(questions, deadline, [&](std::size_t i, Reply reply) {
    if (is_error(*reply)) {
      report.settings_denied = report.settings_denied || i == 1;  // no right to it, or no such command here
      if (!is_error(*reply, "NOPERM") && !is_error(*reply, "ERR"))
        refusal = session.understand(*reply, questions.what(i));
    } else if (i == 0) {
      read_lines(text(*reply), report.state);
    } else if (i == 1) {
      read_pairs(*reply, report.settings);
    } else {
      report.user = clean_text(text(*reply), kNameLimit);
    }
  });
  if (refusal) refusal->raise();

  const auto commands = trials(session.url());
  session.run(commands, deadline, [&](std::size_t i, Reply reply) {
    if (!is_error(*reply, "NOPERM"))
      return;  // whatever else it says, it knows the command and lets us call it
    const auto what = commands.what(i);
    report.denied.push_back(what.substr(0, what.find(' ')));
  });
  return report;
}

}  // namespace aftercommit
