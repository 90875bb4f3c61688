/// Flows: work of many steps, written as a coroutine, that goes on where it was whatever dies in between.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aftercommit/app.hpp"
#include "aftercommit/flow_body.hpp"
#include "aftercommit/flow_children.hpp"
#include "aftercommit/flow_pages.hpp"
#include "aftercommit/flow_waits.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/parameter_words.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit {

/// What a flow asks for, each by a co_await, which gives the answer: at once where the flow has it already,
/// from the tables.  A thing that is done is not done again, whatever becomes of the worker, of Redis or of
/// the connection; its answer is read back.  So the body runs from its top each time that a worker takes the
/// flow up: what it does between two co_awaits is done again, and has to come to the same questions in the
/// same order.  Names are 1 to 100 printable characters of ASCII, without " and \, and each stands for one
/// thing of a flow: in a loop say which turn it is, "print " + std::to_string(item).
///
/// What a step throws goes past the body: the flow ends this attempt, gives up its thread and its
/// connection, and comes back as its task's retries say, which each step has anew.  When they are used up the
/// flow is a dead letter with all that it has done; `aftercommit dead retry` lets it go on.
///
/// For the thread that runs the flow, and as long as its body.
class FlowContext {
 public:
  /// For the library's own parts.
  explicit FlowContext(detail::FlowRunner& runner) noexcept : runner_{runner} {}
  FlowContext(const FlowContext&) = delete;
  FlowContext& operator=(const FlowContext&) = delete;

  /// The job that the flow is: its id, headers, stop_requested(), log().  It has no transaction.
  Job& job() const { return runner_.job(); }
  const JobId& id() const { return job().id(); }  ///< what delay() gave, and signals name

  /// One step, `body(Transaction&)`, is one transaction of the flow's database: what it does there, the
  /// durable jobs that it asks for, what it returns, and the move to the next step commit together, once.
  /// What it returns is kept as JSON, as an argument of a task is, up to the app's payload_limit; void is
  /// fine.
  template <class Body>
  requires std::invocable<Body&, Transaction&>
  auto step(std::string name, Body body, StepOptions options = {}) {
    return detail::StepAwait<Body>{
        runner_, {detail::FlowAsk::Kind::kStep, std::move(name), options}, std::move(body)};
  }

  /// A call of the world outside, `call()`, without a transaction: made **at least once**, as a crash may
  /// come between the call and the commit of what it returned; and seldom twice at the same moment, where two
  /// workers have taken the flow up.  Give what you call the flow's id and the step's name, so that it knows
  /// a second call.  A flow that was cancelled, is dead or has ended makes none.
  template <class Call>
  requires std::invocable<Call&>
  auto external(std::string name, Call call, StepOptions options = {}) {
    return detail::CallAwait<Call, detail::NoProbe>{
        runner_, {detail::FlowAsk::Kind::kCall, std::move(name), options}, std::move(call), {}};
  }
  /// The same for an outside that can be asked: that the call is about to be made is committed first, and
  /// where nobody knows what became of it, after a crash or an error, `probe()` is asked before it is made
  /// again. It gives a std::optional of what the call would have returned (bool, where that is void): a
  /// value: it was made.
  template <class Call, class Probe>
  requires std::invocable<Call&> && std::invocable<Probe&>
  auto external(std::string name, Call call, Probe probe, StepOptions options = {}) {
    return detail::CallAwait<Call, Probe>{runner_,
                                          {detail::FlowAsk::Kind::kProbed, std::move(name), options},
                                          std::move(call),
                                          std::move(probe)};
  }

  /// Sleeps: the flow goes back to its row, and holds no thread, no connection and no memory of a worker.
  /// Counted from the first time that it comes here, by the clock of its database.
  detail::SleepAwait sleep(std::string name, std::chrono::milliseconds length) {
    return {runner_, {detail::FlowAsk::Kind::kSleep, std::move(name), {}, length}};
  }

  /// Waits, as sleep() does, for an event that App::signal or aftercommit.signal(...) gives, also if it was
  /// given before: the first one holds.  Where that is no T the flow is a dead letter, and takes another
  /// one that is given to it then, once the letter is retried.
  template <class T>
  detail::EventAwait<T, false> event(std::string name) {
    return {runner_, {detail::FlowAsk::Kind::kEvent, std::move(name), {}}};
  }
  /// The same for so long at most; nothing: it did not come in time, and cannot come any more.
  template <class T>
  detail::EventAwait<T, true> event(std::string name, std::chrono::milliseconds timeout) {
    return {runner_, {detail::FlowAsk::Kind::kEvent, std::move(name), {}, timeout}};
  }

  /// Jobs that run side by side: `fill(FlowChildren&)` asks for them, in one transaction with the move to
  /// here, by children.add(task, args...), and the flow waits, as sleep() does, until all of them have taken
  /// effect.  Gives what they have returned, in their order, of tasks that return R: all<long>(...); nothing
  /// without one.  None at all is fine.  Where one is dead, cancelled or deleted the flow is a dead letter
  /// too, which says so: retry first that one, then the flow, and it waits on.
  template <class R = void, class Fill>
  requires std::invocable<Fill&, FlowChildren&>
  auto all(std::string name, Fill fill) {
    return detail::AllAwait<R, Fill>{
        runner_, {detail::FlowAsk::Kind::kChildren, std::move(name), {}}, std::move(fill)};
  }

  /// A loop over the rows of a query: `body(Transaction&, const pqxx::result& rows)` has one page of them
  /// after the other, in the order of their key, each in a transaction of its own, in which its effect and
  /// the move to the next page commit together, once: whatever a worker dies of has done a page or not.
  /// `params`: $1, $2 ... of the query.  Gives how many rows there were.  What is kept of it is one row,
  /// where it has come to.
  ///   co_await flow.pages("bill", {"SELECT id, amount FROM invoice WHERE month = $1", "id"},
  ///                       [](Transaction& tx, const pqxx::result& rows) { ... }, month);
  /// Rows that come to stand behind a page that is done are not seen.
  template <class Body, class... Params>
  requires std::invocable<Body&, Transaction&, const pqxx::result&>
  auto pages(std::string name, PageQuery rows, Body body, const Params&... params) {
    detail::FlowAsk::What what{detail::FlowAsk::Kind::kPages, std::move(name), rows.options};
    return detail::QueryPagesAwait<Body>{runner_, std::move(what), std::move(rows), std::move(body),
                                         SqlParams{to_sql(params)...}};
  }
  /// The same over anything: `body(Transaction&, const std::optional<Cursor>& after)` does the part behind
  /// the cursor, of which there is none yet the first time, and returns a std::optional of the next one;
  /// nothing: that was the last part.  A cursor is kept as what a step returns.  Gives how many parts there
  /// were.
  template <class Cursor, class Body>
  requires std::invocable < Body&, Transaction&, const std::optional<Cursor>
  & > auto pages(std::string name, Body body, StepOptions options = {}) {
    static_assert(
        std::is_convertible_v<std::invoke_result_t<Body&, Transaction&, const std::optional<Cursor>&>,
                              std::optional<Cursor>>,
        "the body of pages<Cursor> returns a std::optional<Cursor>: where the next part begins, or "
        "nothing behind the last one");
    return detail::CursorPagesAwait<Cursor, Body>{
        runner_, {detail::FlowAsk::Kind::kPages, std::move(name), options}, std::move(body)};
  }

  /// What undoes the steps before this call, where the flow fails for good behind it: its retries used up,
  /// Reject, or the third crash.  Then the undos that it has come past run backwards, each
  /// `undo(Transaction&)` a step of its own: one transaction, once, tried again as the task's retries or
  /// `options` say.  The flow is a dead letter when the last of them is done; and where one fails for good,
  /// which says so: then `aftercommit dead retry` goes on with that one.  A flow that is being undone does
  /// not go on forwards any more.  Nothing is undone of one that is cancelled, nor where code or an event
  /// does not go with what it has done: that waits for a retry.
  ///   const auto charge = co_await flow.step("charge", ...);
  ///   flow.on_failure("refund", [=](Transaction& tx) { ... });
  /// `undo` may run long after this line, and in another process, where the body has come here again: **take
  /// what it needs by value.**  Names as those of steps, each once among the undos.
  template <class Undo>
  void on_failure(const std::string& name, Undo undo, StepOptions options = {}) {
    static_assert(std::is_invocable_v<Undo&, Transaction&>,
                  "what undoes a step is called as undo(tx), where tx is an aftercommit::Transaction&");
    runner_.on_failure(name, std::move(undo), options);
  }

  /// For a change of the body while flows of the old one run: true for a flow that comes here for the first
  /// time, and whenever it comes here again; false for one that has passed this place before, with the code
  /// of then.
  ///   if (flow.version("new carrier")) { ... } else { ... }
  bool version(const std::string& name) { return runner_.version(name); }

  /// For the library's own parts: what a flow that waits for this one gets.
  void returns(nlohmann::json value) { runner_.returns(std::move(value)); }

 private:
  detail::FlowRunner& runner_;  // not owned, outlives this
};

/// A task whose body is a flow, made by App::flow.  Its jobs are durable.
template <class... Args>
class FlowTask : public Task<Args...> {
 public:
  explicit FlowTask(detail::TaskEntry& entry) : Task<Args...>{entry}, entry_{&entry} {}

  /// Gives the flow its body, in the worker, called as body(FlowContext&, args...): a coroutine that returns
  /// Flow.  Take the arguments by value.  A lambda with captures is kept as long as the App, and so are
  /// these.
  template <class Body>
  void run(Body body) const {
    static_assert(
        std::is_invocable_r_v<Flow, const Body&, FlowContext&, const Args&...>,
        "the body of a flow is a coroutine, aftercommit::Flow body(FlowContext& flow, args...): this "
        "one cannot be called so, or returns something else");
    if (entry_->bind) throw UsageError{"flow '" + entry_->name + "' has been given a body already"};
    // The entry is where this function is kept, and outlives it.
    entry_->bind = [body = std::move(body),
                    &task = entry_->name](const nlohmann::json& json) -> detail::TaskEntry::Call {
      return [&body, args = detail::decode_args<Args...>(json, task)](Job& job) {
        detail::run_flow(job, [&](FlowContext& flow) {
          return std::apply([&](const Args&... values) -> Flow { return body(flow, values...); }, args);
        });
      };
    };
  }

  /// There is none: each flow goes its own way.
  template <class Body>
  void run_batch(const Body&, BatchOptions = {}) const {
    static_assert(detail::kNever<Body>, "flows do not run in batches: give each its body by run()");
  }

 private:
  detail::TaskEntry* entry_;  // not owned: the App outlives its tasks
};

template <class... Args>
FlowTask<Args...> App::flow(std::string name, TaskOptions options) {
  auto& entry = declare_flow(std::move(name), std::move(options));
  entry.parameters = detail::ParameterWords<Args...>::words();
  return FlowTask<Args...>{entry};
}

/// What became of an event that was given.
enum class Signalled : std::uint8_t {
  kGiven,  ///< it is the flow's, which goes on if it waits for it
  kTaken,  ///< somebody gave one of this name before: that holds
  kLate,   ///< the flow has waited for it long enough, and has gone on without
  kEnded,  ///< the flow has ended, was cancelled, or is a dead letter that was deleted
};
/// "given", "taken", "late" or "ended": what the SQL function answers.
std::string_view to_string(Signalled answer) noexcept;

template <class T>
Signalled App::signal(const JobId& flow, const std::string& event, const T& value,
                      std::string_view database) const {
  return signal_json(flow, event, detail::encode_arg(detail::kept_value(value)), database);
}

}  // namespace aftercommit
