/// A flow that does what its script says, so that each test writes its own.
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

/// Whether this is one of the first so many times.
bool is_early(long times) { return journal().exec("SELECT nextval('tries')")[0][0].as<long>() <= times; }

void effect(Transaction& tx, const FlowContext& flow, long value) {
  tx.exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", flow.id(), value,
          flow.job().attempt());
}

bool was_called(const FlowContext& flow, const std::string& name) {
  return !journal()
              .exec("SELECT FROM journal WHERE job_id = $1 AND note = $2", flow.id(), "called " + name)
              .empty();
}

/// The newest script of this flow: a test may change what the code is while a flow runs.
std::vector<std::string> lines_of(long value, const std::string& script) {
  const auto rows = journal().exec("SELECT text FROM script WHERE value = $1", value);
  std::istringstream text{rows.empty() ? script : rows[0][0].as<std::string>()};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line, ';');) lines.push_back(line);
  return lines;
}

/// What leaves the effect -number, and fails or crashes the first so many times, or takes this lock.
std::function<void(Transaction&)> undo_of(const FlowContext& flow, const std::string& verb,
                                          const std::string& name, long number, long more) {
  return [&flow, verb, name, number, more](Transaction& tx) {
    note(flow.job(), "undoes " + name);
    effect(tx, flow, -number);
    if (verb == "undo_locked") {
      tx.exec("SELECT pg_advisory_xact_lock($1)", more);
    } else if (more > 0 && is_early(more)) {
      if (verb == "undo_crashing") std::raise(SIGKILL);
      throw DeliberateFailure{name + " failed"};
    }
  };
}

/// The numbers from 1 to 10, each with the effect 1000 * number + itself.  "twins": two have the same key;
/// "nulls": one has none.
PageQuery ten_numbers(const std::string& verb, long size) {
  const std::string key = verb == "twins" ? "n / 2" : verb == "nulls" ? "nullif(n, 10)" : "n";
  return {"SELECT n, " + key + " AS \"Key\" FROM generate_series(1, $1) AS n  -- all", "Key",
          static_cast<std::size_t>(size)};
}

/// Step number n of flow `value` leaves the effect 100 * value + n.
Flow follow_script(FlowContext& flow, long value, std::string script) {
  note(flow.job(), "begins");
  long number = 100 * value;
  for (const auto& line : lines_of(value, script)) {
    std::istringstream words{line};
    std::string verb;
    std::string name;
    long more = 0;
    words >> verb >> name >> more;
    ++number;
    if (verb == "step") {
      const auto given = co_await flow.step(name, [&](Transaction& tx) {
        note(flow.job(), "does " + name);
        effect(tx, flow, number);
        return std::vector<long>{number};
      });
      note(flow.job(), "has " + name + " " + std::to_string(given.at(0)));
    } else if (verb == "fail") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        if (is_early(more)) throw DeliberateFailure{name + " failed"};
      });
    } else if (verb == "fail_once_more") {
      co_await flow.step(name,
                         [&](Transaction& tx) {
                           effect(tx, flow, number);
                           if (is_early(more)) throw DeliberateFailure{name + " failed"};
                         },
                         {.max_retries = 1, .backoff = fixed(kShortBackoff)});
    } else if (verb == "retry") {
      co_await flow.step(name, [&](Transaction&) { throw Retry{name + " is to be tried again"}; },
                         {.max_retries = 1, .backoff = fixed(kShortBackoff)});
    } else if (verb == "overtime") {
      co_await flow.step(name, [&](Transaction& tx) { tx.exec("SELECT pg_sleep(60)"); }, {.max_retries = 0});
    } else if (verb == "work") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        tx.exec("SELECT pg_sleep($1)", static_cast<double>(more) / 1000);
      });
    } else if (verb == "large") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        return std::string(static_cast<std::size_t>(more), 'x');
      });
    } else if (verb == "text") {  // as code that catches everything does
      try {
        co_await flow.step(name, [](Transaction&) { return std::string{"text"}; });
      } catch (...) {
        note(flow.job(), "caught " + name);
      }
    } else if (verb == "crash") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        if (is_early(more)) std::raise(SIGKILL);
      });
    } else if (verb == "lock") {
      co_await flow.step(name, [&](Transaction& tx) {
        note(flow.job(), "does " + name);
        effect(tx, flow, number);
        tx.exec("SELECT pg_advisory_xact_lock($1)", more);
      });
    } else if (verb == "conflict") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        if (is_early(more)) tx.exec("DO $$BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END$$");
      });
    } else if (verb == "ask") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        tasks.insert.delay(number + 50);
      });
    } else if (verb == "hook") {
      co_await flow.step(name, [&](Transaction& tx) {
        effect(tx, flow, number);
        tx.on_commit([] { throw DeliberateFailure{"a hook failed"}; });
      });
    } else if (verb == "roll_back") {
      co_await flow.step(name, [&](Transaction& tx) { tx.set_rollback(true); });
    } else if (verb == "sleep") {
      co_await flow.sleep(name, std::chrono::milliseconds{more});
    } else if (verb == "event") {
      const auto given = co_await flow.event<std::string>(name);
      note(flow.job(), "event " + name + " is " + given);
    } else if (verb == "truth") {
      const auto given = co_await flow.event<bool>(name);
      note(flow.job(), "event " + name + (given ? " is true" : " is false"));
    } else if (verb == "event_within") {
      const auto given = co_await flow.event<std::string>(name, std::chrono::milliseconds{more});
      note(flow.job(), "event " + name + (given ? " is " + *given : " is late"));
    } else if (verb == "call") {
      const auto answer = co_await flow.external(name, [&] {
        note(flow.job(), "called " + name);
        if (is_early(more)) std::raise(SIGKILL);
        return std::string{"answer"};
      });
      note(flow.job(), "has " + answer);
    } else if (verb == "call_with_probe") {
      const auto answer = co_await flow.external(
          name,
          [&] {
            note(flow.job(), "called " + name);
            if (is_early(more)) std::raise(SIGKILL);
            return std::string{"answer"};
          },
          [&]() -> std::optional<std::string> {
            note(flow.job(), "probed " + name);
            if (was_called(flow, name)) return "answer of before";
            return std::nullopt;
          });
      note(flow.job(), "has " + answer);
    } else if (verb == "version") {
      note(flow.job(), "version " + name + (flow.version(name) ? " is new" : " is old"));
    } else if (verb == "caught_version") {
      try {
        flow.version(name);
      } catch (...) {
        note(flow.job(), "caught " + name);
      }
    } else if (verb == "all" || verb == "all_but_fails") {
      co_await flow.all(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.insert, 100'000 * value + n);
        if (verb == "all_but_fails" && is_early(1)) throw DeliberateFailure{"after its children"};
      });
    } else if (verb == "answers") {
      const auto answers = co_await flow.all<std::string>(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.answer, 1, "");
      });
      std::string text = "answers: ";
      for (const auto& answer : answers) text += answer + ',';
      note(flow.job(), text);
    } else if (verb == "numbers") {
      co_await flow.all<long>(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.answer, 1, "");
      });
    } else if (verb == "flows") {
      co_await flow.all(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.flow, 10 * value + n, "step a;sleep b 50;step c");
      });
    } else if (verb == "bare") {  // without a transaction; each asks for an insert
      co_await flow.all(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.without_transaction, 100'000 * value + n);
      });
    } else if (verb == "together") {
      co_await flow.all(name, [&](FlowChildren& children) {
        for (long n = 0; n < more; ++n) children.add(tasks.together, 100'000 * value + n, "", 0);
      });
    } else if (verb == "locked") {
      co_await flow.all(
          name, [&](FlowChildren& children) { children.add(tasks.wait_for_lock, 100'000 * value, more); });
    } else if (verb == "later") {
      co_await flow.all(name, [&](FlowChildren& children) {
        children.add_with({.countdown = std::chrono::hours{1}}, tasks.insert, 100'000 * value);
      });
    } else if (verb == "unique") {
      co_await flow.all(name, [&](FlowChildren& children) {
        effect(children.transaction(), flow, number);
        children.add_with({.unique = Unique{}}, tasks.insert, 100'000 * value);
      });
    } else if (verb == "one_fails") {
      co_await flow.all(name, [&](FlowChildren& children) {
        children.add(tasks.insert, 100'000 * value);
        children.add_with({.max_retries = 0}, tasks.flow, 10 * value, "fail x 1");
      });
    } else if (verb == "undo" || verb == "undo_crashing" || verb == "undo_locked") {
      flow.on_failure(name, undo_of(flow, verb, name, number, more));
    } else if (verb == "reject") {
      co_await flow.step(name, [&](Transaction&) { throw Reject{name + " is refused"}; });
    } else if (verb == "numbers_by" || verb == "twins" || verb == "nulls") {
      const auto rows = co_await flow.pages(
          name, ten_numbers(verb, more),
          [&](Transaction& tx, const pqxx::result& page) {
            note(flow.job(), "page of " + std::to_string(page.size()));
            for (const auto& row : page) effect(tx, flow, 1000 * number + row["n"].as<long>());
          },
          10);
      note(flow.job(), "has " + name + " " + std::to_string(rows));
    } else if (verb == "parts") {  // the third one fails the first so many times
      const auto parts = co_await flow.pages<long>(
          name, [&](Transaction& tx, const std::optional<long>& after) -> std::optional<long> {
            const auto part = after.value_or(0) + 1;
            effect(tx, flow, 1000 * number + part);
            if (part % 3 == 0 && is_early(more)) throw DeliberateFailure{name + " failed"};
            return part < 5 ? std::optional{part} : std::nullopt;
          });
      note(flow.job(), "has " + name + " " + std::to_string(parts));
    } else if (verb == "texts") {  // the same loop, with a cursor of another type
      co_await flow.pages<std::string>(
          name, [](Transaction&, const std::optional<std::string>&) -> std::optional<std::string> {
            return std::nullopt;
          });
    } else if (verb == "spin") {  // and nothing ends it but the end of its process
      while (true) std::this_thread::sleep_for(std::chrono::hours{1});
    } else if (verb == "throw") {
      throw DeliberateFailure{"thrown between steps"};
    }
  }
  note(flow.job(), "ends");
}

}  // namespace

void define_flow_tasks() {
  tasks.flow.run(follow_script);
  tasks.plus.run([](Job& job, long a, long b) {
    begin(job, a + b);
    return a + b;
  });
  tasks.total.run([](Job& job, const std::vector<long>& numbers) {
    begin(job, std::accumulate(numbers.begin(), numbers.end(), 0L));
  });
}

}  // namespace aftercommit::support
