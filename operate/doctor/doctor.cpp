#include "operate/doctor/doctor.hpp"

#include <exception>
#include <memory>
#include <set>
#include <string>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/contract/shards.hpp"
#include "client/postgres/error_text.hpp"
#include "operate/doctor/subjects.hpp"
#include "operate/workers.hpp"

namespace aftercommit::operate {
namespace {

/// A Redis on this machine tells where its data are in the words of this machine.
bool is_local(const ServerReport& redis) {
  const auto& server = redis.server;
  return server.starts_with('/') || server.starts_with("127.") || server.starts_with("localhost:") ||
         server.starts_with("[::1]");
}

/// The workers that hold a lease, and the threads that they tell of.
void count_workers(Servers& servers, const DoctorOptions& options, Surroundings& surroundings) {
  for (const auto& worker : find_workers(servers).workers) {
    if (worker.is_silent()) continue;
    ++surroundings.processes;
    surroundings.threads += worker.concurrency > 0 ? worker.concurrency : options.concurrency;
  }
}

/// Does one place, whatever it throws.
template <class Look>
void visit_place(const std::string& place, Examination& examination, Look&& look) {
  Notes notes{examination, place};
  try {
    look(notes);
  } catch (const std::exception& error) {
    const auto* own = dynamic_cast<const Error*>(&error);
    const bool away = (own != nullptr && own->retryable()) ||
                      dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr;
    if (away) examination.away.push_back(place);
    notes.found(Severity::kDanger, "connection", away ? "no answer" : "refused",
                own != nullptr ? own->what() : detail::first_line(error),
                away ? "Start it, or correct its URL, and look again."
                     : "Do what the sentence says, and look again.");
  }
}

void look_at_one_redis(const ServerReport& redis, const Surroundings& surroundings, Notes& notes) {
  look_at_redis_server(redis, notes);
  look_at_redis_memory(redis, notes);
  look_at_redis_persistence(redis, surroundings, notes);
  look_at_redis_connections(redis, notes);
  look_at_redis_rights(redis, notes);
  look_at_clock(redis.ahead, redis.ahead_within, notes);
  if (is_local(redis)) {
    look_at_disk(report_of_disk(std::string{redis.of_settings("dir")}), notes);
  }
}

/// `counts`: the workers as well.  `nodes`: those of clusters that have been looked at, of which each may
/// have several shards.
void look_at_redis(const Shard& shard, bool counts, Servers& servers, const DoctorOptions& options,
                   Surroundings& surroundings, std::set<std::string>& nodes, Notes& notes) {
  if (is_no_redis(shard.url)) {
    notes.fact("server", "none: durable jobs run straight from their tables");
    return;
  }
  const auto broker = make_broker(shard.url);  // its settings may be such that no worker takes it
  const auto redis = broker->server_report();
  if (redis.server.empty()) return;  // within this process
  notes.fact("server", redis.server);
  if (!redis.as_cluster || nodes.insert(redis.server).second) look_at_one_redis(redis, surroundings, notes);
  if (options.processes || !counts) return;
  try {
    count_workers(servers, options, surroundings);
    notes.fact("worker processes", std::to_string(surroundings.processes));
  } catch (const std::exception&) {
    // What stands in the way of that is found below.
  }
}

void look_at_postgres(const Store& store, const Surroundings& surroundings, Notes& notes) {
  const auto postgres = report_of(store);
  look_at_postgres_server(postgres, notes);
  look_at_durability(postgres, notes);
  look_at_timeouts(postgres, notes);
  look_at_pooler(postgres, notes);
  look_at_connections(postgres, surroundings, notes);
  look_at_schema(postgres, notes);
  look_at_postgres_rights(postgres, notes);
  look_at_vacuum(postgres, notes);
  look_at_clock(postgres.ahead, postgres.ahead_within, notes);
  look_at_disk(postgres.disk, notes);
}

}  // namespace

Examination examine(Servers& servers, const DoctorOptions& options) {
  Examination examination;
  const auto aliases = servers.app().database_aliases();
  Surroundings surroundings{.has_database = !aliases.empty(),
                            .processes = options.processes.value_or(0),
                            .threads = options.processes.value_or(0) * options.concurrency};
  const Shards shards{servers.redis_url()};
  surroundings.shards = shards.count();
  std::set<std::string> nodes;
  for (const auto& shard : shards.all()) {
    visit_place(shards.several() ? "redis " + shard.name : "redis", examination, [&](Notes& notes) {
      look_at_redis(shard, &shard == &shards.all().back(), servers, options, surroundings, nodes, notes);
    });
  }
  for (const auto& alias : aliases) {
    visit_place("database " + alias, examination,
                [&](Notes& notes) { look_at_postgres(servers.store(alias), surroundings, notes); });
  }
  visit_place("this machine", examination, [](Notes& notes) { look_at_machine(report_of_machine(), notes); });
  examination.sort();
  return examination;
}

}  // namespace aftercommit::operate
