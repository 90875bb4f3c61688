/// The bodies of the tasks, as a library that real workers load.
#include "fault/harness/fault_tasks.hpp"

#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <numeric>
#include <span>
#include <stdexcept>
#include <thread>

#include "aftercommit/worker.hpp"
#include "fault/harness/effects.hpp"
#ifdef EVERY_FEATURE
#include "fault/harness/feature_tasks.hpp"
#include "fault/harness/journey_tasks.hpp"
#endif
#include "support/eventually.hpp"

namespace aftercommit::fault {
namespace {

App app{"fault"};
const FaultTasks tasks{app};
#ifdef NEXT_DEPLOY
const auto fresh = declare_fresh(app);
#endif
#ifdef EVERY_FEATURE
const FeatureTasks feature_tasks{app};
const JourneyTasks journey_tasks{tasks};
[[maybe_unused]] const auto periodic = declare_periodic(feature_tasks);
#endif

void run_ok(Job& job, long slot) {
  note_run(job);
  take_effect(job, slot);
}

void run_together(Job& batch, std::span<const BatchCall<long>> calls) {
  for (const auto& call : calls) {
    note_run(call.id, call.attempt);
    batch.transaction().exec("INSERT INTO effect(job_id, attempt, pid) VALUES ($1, $2, $3)", call.id.str(),
                             call.attempt, ::getpid());
    add_one(batch, std::get<0>(call.args));
  }
}

void run_parent(Job& job, long slot) {
  note_run(job);
  const auto child = tasks.ok.delay(slot);
  try {
    app.database().atomic([&] {
      tasks.ok.delay(slot);
      throw Deliberate{job.attempt()};
    });
  } catch (const Deliberate&) {  // the savepoint is rolled back, and its job with it
  }
  take_effect(job, slot, child.str());
}

Flow run_steps(FlowContext& flow, long count) {
  note_run(flow.job());
  for (long n = 0; n < count; ++n) {
    const auto done = co_await flow.step("step " + std::to_string(n), [&](Transaction& tx) {
      tx.exec("INSERT INTO flow_effect(flow, step, pid) VALUES ($1, $2, $3)", flow.id(), n, ::getpid());
      return n;
    });
    if (done != n) throw std::runtime_error{"another answer than was given"};
    if (n == 1) {
      co_await flow.external(
          "call", [&] { return n; }, [&] { return std::optional<long>{}; });
    }
    if (n == 2) co_await flow.sleep("a moment", std::chrono::milliseconds{100});
    if (n == 3) co_await flow.event<void>("go");
  }
}

Flow run_family(FlowContext& flow, long count) {
  note_run(flow.job());
  const auto answers = co_await flow.all<long>("answers", [&](FlowChildren& children) {
    for (long n = 0; n < count; ++n) children.add_with({.queue = kBulkQueue}, tasks.answer, n);
  });
  co_await flow.all("others", [&](FlowChildren& children) {
    for (long n = 0; n < count; ++n) children.add_with({.queue = kBulkQueue}, tasks.ok, n);
  });
  co_await flow.step("sum", [&](Transaction& tx) {
    tx.exec("INSERT INTO flow_effect(flow, step, pid) VALUES ($1, $2, $3)", flow.id(),
            std::accumulate(answers.begin(), answers.end(), 0L), ::getpid());
  });
}

Flow run_saga(FlowContext& flow, long count) {
  note_run(flow.job());
  const auto write = [id = flow.id()](Transaction& tx, long step) {
    tx.exec("INSERT INTO flow_effect(flow, step, pid) VALUES ($1, $2, $3)", id, step, ::getpid());
  };
  for (long n = 0; n < count; ++n) {
    co_await flow.step("step " + std::to_string(n), [&](Transaction& tx) { write(tx, n); });
    flow.on_failure("back " + std::to_string(n), [write, n](Transaction& tx) { write(tx, -1 - n); });
  }
  co_await flow.step("end", [](Transaction&) { throw Reject{"it is not to be"}; });
}

Flow run_pages(FlowContext& flow, long count, long size) {
  note_run(flow.job());
  co_await flow.pages(
      "numbers", {"SELECT n FROM generate_series(1, $1::bigint) AS n", "n", static_cast<std::size_t>(size)},
      [&](Transaction& tx, const pqxx::result& rows) {
        tx.exec(
            "INSERT INTO flow_effect(flow, step, pid) SELECT $1, n, $4 FROM generate_series($2::bigint, "
            "$3::bigint) AS n",
            flow.id(), rows.front()[0].as<long>(), rows.back()[0].as<long>(), ::getpid());
      },
      count);
}

void run_cross(Job& job, long first, long second) {
  note_run(job);
  job.transaction().exec("INSERT INTO effect(job_id, attempt, pid) VALUES ($1, $2, $3)", job.id().str(),
                         job.attempt(), ::getpid());
  add_one(job, first);
  job.transaction().exec("SELECT pg_sleep(0.02)");  // so that another comes the other way
  add_one(job, second);
  job.transaction().exec("UPDATE counter SET n = n - 1 WHERE slot = $1", first);  // one effect counts one
}

void run_late(Job& job, long slot, const std::string& file) {
  run_ok(job, slot);
  std::error_code ignored;
  const bool first = std::filesystem::create_directory(file + ".first", ignored);
  if (first) support::eventually([&] { return std::filesystem::exists(file); }, std::chrono::seconds{60});
  throw Deliberate{job.attempt()};
}

// Not to be turned into a loop.
__attribute__((noinline)) int overflow(int depth) {
  volatile char frame[64 * 1024];
  std::memset(const_cast<char*>(frame), depth, sizeof frame);
  return depth < 1'000'000 ? overflow(depth + 1) + frame[0] : 0;  // it never gets there
}

void close_all_files() {
  for (int file = 3; file < 1024; ++file) ::close(file);
}

void hurt(const std::string& how) {
  if (how == "segfault") std::raise(SIGSEGV);
  if (how == "abort") std::abort();
  if (how == "stack overflow") overflow(1);
  if (how == "exit") std::exit(0);
  if (how == "quick exit") ::_exit(0);
  if (how == "terminate") std::thread{[] { throw 42; }}.join();
  if (how == "close files") close_all_files();
  if (how == "throw int") throw 42;
  if (how == "locale") std::setlocale(LC_ALL, "de_DE.UTF-8");
  if (how == "folder" && ::chdir("/proc") != 0) throw std::runtime_error{"cannot change the folder"};
  if (how == "signal mask") {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }
  if (how == "fork") {
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
  }
  if (how == "allocate") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    throw std::bad_alloc{};  // its allocator ends the process where another one throws this
#else
    std::vector<std::unique_ptr<char[]>> blocks;
    for (int i = 0; i < 1'000'000; ++i) blocks.push_back(std::make_unique<char[]>(std::size_t{1} << 40));
#endif
  }
}

}  // namespace
}  // namespace aftercommit::fault

AFTERCOMMIT_TASK_LIBRARY(aftercommit::fault::app) {
  using namespace aftercommit;
  using namespace aftercommit::fault;

  tasks.ok.run(run_ok);
  tasks.together.run_batch(run_together, {.most = 10});
  tasks.fail_once.run([](Job& job, long slot) {
    run_ok(job, slot);
    if (job.attempt() == 1) throw Deliberate{1};
  });
  tasks.fail_always.run([](Job& job, long slot) {
    run_ok(job, slot);
    throw Deliberate{job.attempt()};
  });
  tasks.slow.run([](Job& job, long slot, long ms) {
    note_run(job);
    job.transaction().exec("SELECT pg_sleep($1::float8 / 1000)", ms);
    take_effect(job, slot);  // last, so that nobody waits for its slot meanwhile
  });
  tasks.parent.run(run_parent);
  tasks.steps.run(run_steps);
  tasks.saga.run(run_saga);
  tasks.pages.run(run_pages);
  tasks.family.run(run_family);
  tasks.parent_fails_once.run([](Job& job, long slot) {
    run_parent(job, slot);
    if (job.attempt() == 1) throw Deliberate{1};
  });
  tasks.cross.run(run_cross);
  tasks.locked.run([](Job& job, long slot, long key) {
    run_ok(job, slot);
    job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
  });
  tasks.answer.run([](Job& job, long slot) {
    run_ok(job, slot);
    return slot;
  });
  tasks.fail_late.run(run_late);
  tasks.poison.run([](Job& job, const std::string& how) {
    note_run(job);
    hurt(how);
  });
  tasks.harm.run([](Job& job, long slot, const std::string& how) {
    note_run(job);
    hurt(how);
    take_effect(job, slot);
  });
#ifdef NEXT_DEPLOY
  fresh.run(run_ok);
#endif
#ifdef EVERY_FEATURE
  define_bodies(feature_tasks);
  define_bodies(journey_tasks);
#endif
}
