/// The rows of a flow: what it has done, what it waits for, and the events that it was given.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/flow.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/job_table.hpp"
#include "client/statements/riders.hpp"

namespace aftercommit::detail {

class Session;

/// The schema that has the tables of flows.
inline constexpr int kFlowsVersion = 9;

/// Whether they are there: two small queries, seldom.  Throws what Database does.
bool has_flow_tables(Database& database);

/// Of a step, an event, a version.
bool is_step_name(std::string_view name) noexcept;
/// What errors say of another.
inline constexpr std::string_view kIsNoStepName =
    "is not a name: 1 to 100 printable characters of ASCII, without \" and \\, and without spaces around "
    "them";

/// What a flow has done at a place.
struct StepRow {
  enum class Kind : std::uint8_t {
    kStep,
    kExternal,
    kSleep,
    kEvent,
    kVersion,
    kChildren,
    kPages,
    kFailure,  ///< why the flow is undone from here on: see FlowFailure; its name is the cause
    kUndo,
  };
  std::string name;
  Kind kind = Kind::kStep;
  std::optional<std::string> value{};  ///< JSON
  /// false: only the intent to call what is outside, children are waited for, or there are more pages
  bool done = true;
  std::chrono::milliseconds left{0};  ///< of a sleep
};
std::string_view to_string(StepRow::Kind kind) noexcept;

/// The value of a kFailure.
struct FlowFailure {
  std::string cause;                 ///< a word of DeadLetter::Cause
  std::string reason;                ///< as its dead letter has it
  int attempts = 1;                  ///< of what it failed in
  std::vector<std::string> undos{};  ///< that are to be done, in their order
};
std::string failure_json(const FlowFailure& failure);
/// Of what cannot be read the cause alone.
FlowFailure read_failure(const std::string& cause, const std::string& json);

/// What the clock of a test says, by which waits are judged then; nothing: the database's own counts.
using TestTime = std::optional<std::chrono::system_clock::time_point>;

/// In their order.  Empty: it has not begun.
std::vector<StepRow> load_steps(Database& database, const JobId& flow, const TestTime& now = {});

// --- In the message of BEGIN or COMMIT of the transaction that does a step.

Rider step_guard(const Database& database, const Envelope& job, std::size_t place);
struct DoneStep {
  std::size_t place = 0;
  std::string_view name{};
  StepRow::Kind kind = StepRow::Kind::kStep;
  std::optional<std::string> value{};  ///< JSON
  int tries = 1;
  std::chrono::system_clock::time_point began{};
};
Rider step_rider(Session& transaction, const JobId& flow, const DoneStep& step);
Rider begin_rider(const Database& database, const Envelope& job);
Rider end_rider(Session& transaction, const Envelope& job);
/// `last`: of a loop; its step's value is what PagesPlace makes.
Rider pages_rider(Session& transaction, const JobId& flow, const DoneStep& step, bool last);
/// Whether this error says that another has done the step meanwhile.
bool is_done_by_another(const std::exception& error);

// --- Within it, while step_guard() has the row.

void intend_step(Database& database, const JobId& flow, const DoneStep& step);
/// False: what it has answered is written down already.
bool finish_step(Database& database, const JobId& flow, const DoneStep& step);
void begin_sleep(Database& database, const JobId& flow, const DoneStep& step,
                 std::chrono::milliseconds length, const TestTime& now = {});
/// The row of its job, as `next` says, due in so long.
void move_flow(Database& database, const Envelope& next, std::chrono::milliseconds due_in);

/// Where a loop has come to: JSON, as pages_rider() wrote it; nothing: it has yet to begin.
struct PagesLook {
  std::optional<std::string> value{};
  bool done = false;
};
PagesLook read_pages(Database& database, const JobId& flow, std::size_t place);

struct EventLook {
  bool waits_anew = false;             ///< nobody has given it, and from now on who does wakes the flow
  bool busy = false;                   ///< somebody gives it right now: look again in a moment
  bool given = false;                  ///< and
  std::optional<std::string> value{};  ///< with it, JSON
  std::chrono::milliseconds left{0};   ///< else: until it is late
};
EventLook await_event(Database& database, const JobId& flow, const std::string& name,
                      std::chrono::milliseconds timeout, const TestTime& now = {});
void close_event(Database& database, const JobId& flow, const std::string& name);

/// A step that has asked for these waits for them.
void intend_children(Database& database, const JobId& flow, const DoneStep& step,
                     std::span<const FlowChildren::Child> children);
struct ChildrenLook {
  std::size_t left = 0;  ///< have not taken effect yet
  std::string lost{};    ///< one of them that will not by itself, as a sentence; empty: none
};
ChildrenLook look_for_children(Database& database, const JobId& flow, std::size_t place);
/// JSON, an array of what they have returned.
std::string load_children(Database& database, const JobId& flow, std::size_t place);

// --- For others.

/// In the message of the COMMIT that a job takes effect with which a flow waits for.  `value`: JSON; nothing:
/// it returns none.
Rider tell_flow_rider(Session& transaction, const JobId& child, const std::optional<std::string>& value);
/// The same in a statement of its own, of a job without a transaction.
void tell_flow(Database& database, const JobId& child);

/// By the function `signal` of the schema.  ConfigError where there is none.
Signalled signal_flow(Database& database, const JobId& flow, const std::string& event,
                      const std::string& json);

/// Those that were given what they wait for, and have not gone on since, a thousand at most.
std::vector<JobRow> woken_flows(Database& database);

/// Forgets a hundred flows at most that ended so long ago; how many those were.
std::size_t purge_flows(Database& database, std::chrono::hours kept);
/// The same of events that belong to no flow, a thousand.
std::size_t purge_events(Database& database, std::chrono::hours kept);
/// Finds flows that were cancelled or whose dead letter was deleted, a page from `after` on, which it moves;
/// nothing: from the first one.  False: there was none left.
bool end_lost_flows(Database& database, std::optional<JobId>& after);

}  // namespace aftercommit::detail
