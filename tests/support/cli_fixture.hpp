/// The operator's command beside a small shop: jobs in every state, and what the command says of them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/dead_letter.hpp"
#include "client/job_table.hpp"
#include "support/eventually.hpp"
#include "support/payments.hpp"
#include "support/redis_calls.hpp"
#include "support/worker_process.hpp"

namespace aftercommit::support {

/// How a command has ended.
struct End {
  std::optional<int> exit_code;
  std::string output;
  std::string error;
};

inline End run_cli(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), AFTERCOMMIT_CLI);
  WorkerProcess process{std::move(arguments), std::move(environment)};
  const auto exit_code = process.exit_code();
  return {exit_code, process.output(), process.log()};
}

class CliTest : public Payments, public testing::Test {
 protected:
  explicit CliTest(const std::string& url = fresh_redis_url()) : Payments{{.redis_url = url}} {}

  std::map<std::string, std::string> environment() const {
    return {{"REDIS_URL", app.options().redis_url},
            {"DATABASE_URL", schema().url()},
            {"AFTERCOMMIT_SCHEMA", schema().name()}};
  }
  End run(std::vector<std::string> arguments) { return run_cli(std::move(arguments), environment()); }
  nlohmann::json run_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto end = run(std::move(arguments));
    EXPECT_EQ(end.error, "");
    return nlohmann::json::parse(end.output);
  }

  /// Once Redis has it as well, as for all durable jobs.
  JobId durable(long id = 1, CallOptions options = {}) {
    options.queue = "mail";
    const auto job = receipt.apply_async(options, id);
    EXPECT_TRUE(eventually([&]() -> bool { return calls.broker.has_durable("mail", {&job, 1}).at(0); }));
    return job;
  }
  JobId other(long id = 1) {
    return receipt.apply_async({.queue = "mail", .delivery = Delivery::kOnCommit}, id);
  }

  /// Fetches the first ready job.
  Fetched fetch() {
    std::vector<Fetched> jobs;
    if (!eventually([&] { return !(jobs = calls.fetch(1)).empty(); }))
      throw std::runtime_error{"no job is ready"};
    return jobs.front();
  }
  static Envelope read(const std::string& payload) {
    return std::get<Envelope>(decode(payload, defaults::kPayloadLimit));
  }

  /// Fetches the first ready job and lets it die, as a worker does.
  JobId die(const std::string& reason = "no such order") {
    const auto fetched = fetch();
    auto job = read(fetched.payload);
    add_error(job, {.attempt = 1, .at = std::chrono::system_clock::now(), .worker = "ann", .error = reason});
    bury(fetched, job, reason);
    return job.id;
  }
  void bury(const Fetched& fetched, const Envelope& job, const std::string& reason) {
    const auto letter = encode(DeadLetter{.cause = DeadLetter::Cause::kRejected,
                                          .reason = reason,
                                          .worker = "ann",
                                          .at = std::chrono::system_clock::now(),
                                          .entry = fetched.entry,
                                          .raw = {},
                                          .job = job});
    Settlement end{
        .kind = Settlement::Kind::kBury, .queue = "mail", .entry = fetched.entry, .payload = letter};
    if (job.durable) {
      EXPECT_TRUE(table.bury(job.id, job.attempt, letter));
      end = {.kind = Settlement::Kind::kAck, .queue = "mail", .entry = fetched.entry, .durable = job.id};
    }
    EXPECT_EQ(calls.broker.settle(kAnn, {&end, 1}).at(0), Settled::kDone);
  }

  Calls calls{app.options().redis_url};
  Onlooker redis{app.options().redis_url};
  detail::JobTable table{database};
};

}  // namespace aftercommit::support
