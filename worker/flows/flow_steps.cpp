/// What a flow does next: one thing at a time, each in a transaction that has the row of its job.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "aftercommit/decode_args.hpp"
#include "aftercommit/error.hpp"
#include "base/json/json_writer.hpp"
#include "base/process/fail_point.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/session.hpp"
#include "worker/flows/flow_run.hpp"
#include "worker/flows/progress.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

/// Of a wait without an end: as a row and Redis can hold it.
constexpr milliseconds kForEver = std::chrono::years{100};

/// Whatever becomes of it.
class Entered {
 public:
  Entered(RunningJob& running, Atomic& block) : running_{running} { running_.enter(block, false); }
  ~Entered() {
    running_.leave();
    running_.progress.enter(Phase::kTask);  // the flow's own code goes on
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  RunningJob& running_;
};

}  // namespace

/// Those of a transaction that has the row, and does what is at this place.
detail::Riders& FlowRun::riders_here() {
  if (std::exchange(next_place_, std::nullopt) == place_) {
    auto& session = detail::Session::of(database().core());
    if (!session.has_ended_ahead()) return work_.claim.turn_to_next();
    session.drop_ahead();  // what stood between the two has taken longer than the server waits
  }
  return work_.claim.begin(detail::step_guard(database(), work_.job, place_));
}

void FlowRun::drop_next() noexcept {
  if (std::exchange(next_place_, std::nullopt)) detail::Session::of(database().core()).drop_ahead();
}

/// Without `with_task` nothing of the application runs in it.
FlowRun::Went FlowRun::in_transaction(bool with_task, Then then, const std::function<bool(Atomic&)>& body) {
  next_.reset();
  parking_.reset();
  auto& riders = riders_here();
  std::optional<Atomic> block;
  {
    const RunningJob::Claim asks{work_.running, database()};
    block.emplace(database(), riders);
  }
  if (!work_.claim.is_ours()) {
    not_ours_ = true;
    return Went::kNoFurther;
  }
  fail_point("flow.after_begin");
  const Entered entered{work_.running, *block};
  try {
    if (!body(*block)) return Went::kNoFurther;
    fail_point("flow.after_run");
    // While the code between two steps runs it has the row, as a step has.  Whatever asks the database
    // meanwhile ends it, and so does a call of the outside.
    if (then && !parking_) {
      riders.next =
          &work_.claim.begin_after(detail::step_guard(database(), next_ ? *next_ : work_.job, *then));
      next_place_ = then;
    }
    commit(*block, with_task);
  } catch (const std::exception& error) {
    if (block->committed() || !detail::is_done_by_another(error)) throw;
    not_ours_ = true;
    return Went::kNoFurther;
  }
  if (next_) work_.job = *std::exchange(next_, std::nullopt);
  news_.clear();
  fail_point("flow.after_commit");
  if (!parking_) return Went::kOn;
  parked_ = std::exchange(parking_, std::nullopt);
  return Went::kNoFurther;
}

void FlowRun::commit(Atomic& block, bool with_task) {
  try {
    std::optional<RunningJob::Claim> commits;
    // Hooks may take any time.
    if (!block.transaction().session().has_hooks()) {
      work_.running.progress.enter(Phase::kCommitting);
      commits.emplace(work_.running, database());
    }
    block.commit();
  } catch (const std::exception& error) {
    if (!block.committed()) throw;
    // A hook has failed, or a job could not be sent: the step itself stands.
    work_.events.tell(JobTroubleAfterCommit{
        .job = work_.job, .reason = {.text = detail::first_line(error), .args = &work_.job.args}});
  }
  if (!block.committed() && with_task) {
    throw UsageError{"the step returned, but had its transaction rolled back; throw Retry or Reject instead"};
  }
}

FlowRun::Went FlowRun::do_step(Ask& ask, std::optional<nlohmann::json>& value) {
  return in_transaction(true, place_ + 1, [&](Atomic& block) {
    begin_notes(block);
    value = ask.run(&block.transaction());
    auto step = step_here(ask.what().name, Kind::kStep);
    step.value = kept(ask.what().name, *value);
    note_done(block, step);
    return true;
  });
}

/// A copy of the job outlives a flow that was cancelled, is dead or has ended, and nothing but its row tells
/// of that: asked before whatever the outside would notice.
bool FlowRun::is_still_ours() {
  const RunningJob::Claim asks{work_.running, database()};
  not_ours_ = !work_.claim.may_run();
  return !not_ours_;
}

/// The call comes first: what is lost in between is made again.
FlowRun::Went FlowRun::call(Ask& ask, bool intended, std::optional<nlohmann::json>& value) {
  value = ask.run(nullptr);
  fail_point("flow.after_call");
  return keep_answer(ask.what().name, kept(ask.what().name, *value), intended);
}

FlowRun::Went FlowRun::intend(const std::string& name) {
  return in_transaction(false, std::nullopt, [&](Atomic& block) {
    begin_notes(block);
    detail::intend_step(database(), work_.job.id, step_here(name, Kind::kExternal));
    return true;
  });
}

FlowRun::Went FlowRun::keep_answer(const std::string& name, const std::string& json, bool intended) {
  return in_transaction(false, place_ + 1, [&](Atomic& block) {
    begin_notes(block);
    auto step = step_here(name, Kind::kExternal);
    step.value = json;
    if (!intended) {
      note_done(block, step);
    } else if (!detail::finish_step(database(), work_.job.id, step)) {
      not_ours_ = true;
      return false;
    }
    return true;
  });
}

FlowRun::Went FlowRun::begin_sleep(const Ask& ask) {
  const auto length = std::clamp(ask.what().wait.value_or(kForEver), milliseconds{0}, kForEver);
  return in_transaction(false, place_ + 1, [&](Atomic& block) {
    begin_notes(block);
    detail::begin_sleep(database(), work_.job.id, step_here(ask.what().name, Kind::kSleep), length, now());
    if (length > milliseconds{0}) park(database(), length, "the flow sleeps ('" + ask.what().name + "')");
    return true;
  });
}

/// What others have given, looked at before it is kept: then it may still be given anew.
nlohmann::json FlowRun::taken(const Ask& ask, const detail::StepRow& row, std::string_view then) const {
  std::string why;
  try {
    auto value = read(row);
    ask.check(value);
    return value;
  } catch (const detail::BadArguments& error) {
    why = error.what();
  } catch (const FlowChanged& error) {
    why = error.what();
  }
  throw FlowChanged{"the flow cannot go on with what it was given by " + std::string{to_string(row.kind)} +
                    " '" + row.name + "': " + why + "; " + std::string{then}};
}

/// Who gives the event at this moment is not waited for long, as that one may need the row of the flow next:
/// less than any server takes to look for a deadlock.  The flow looks again.
FlowRun::Went FlowRun::await_event(const Ask& ask, std::optional<nlohmann::json>& value) {
  constexpr std::string_view kNotAvailable = "55P03";
  constexpr milliseconds kMoment{500};
  const auto& name = ask.what().name;
  const auto timeout = std::clamp(ask.what().wait.value_or(kForEver), milliseconds{0}, kForEver);
  const auto look_again = [&] {
    parked_ = Parked{kMoment, "event '" + name + "' is being given"};
    return Went::kNoFurther;
  };
  bool busy = false;
  try {
    const auto went = in_transaction(false, place_ + 1, [&](Atomic& block) {
      // It would last for the transaction of a test.
      if (work_.test_clock == nullptr) block->exec("SET LOCAL lock_timeout = '50ms'");
      const auto look = detail::await_event(database(), work_.job.id, name, timeout, now());
      if (look.busy) {
        busy = true;
        return false;
      }
      if (!look.given && look.left > milliseconds{0}) {
        if (look.waits_anew) begin_notes(block);
        park(database(), look.left, "the flow waits for event '" + name + "'");
        return true;
      }
      fail_point("flow.event_decided");
      if (!look.given) detail::close_event(database(), work_.job.id, name);
      begin_notes(block);
      auto step = step_here(name, Kind::kEvent);
      if (look.given) {
        step.value = look.value.value_or("null");
        value = taken(ask, {.name = name, .kind = Kind::kEvent, .value = step.value},
                      "signal it another value, then retry it");
      }
      note_done(block, step);
      return true;
    });
    return busy ? look_again() : went;
  } catch (const std::exception& error) {
    if (detail::sqlstate_of(error) != kNotAvailable) throw;
    return look_again();
  }
}

FlowRun::Went FlowRun::ask_children(detail::ChildrenAsk& ask, std::optional<nlohmann::json>& value) {
  const auto& name = ask.what().name;
  const auto asked = in_transaction(true, place_, [&](Atomic& block) {
    begin_notes(block);
    FlowChildren children{work_.job.id, block.transaction()};
    ask.fill(children);
    detail::intend_children(database(), work_.job.id, step_here(name, Kind::kChildren), children.added());
    return true;
  });
  return asked == Went::kOn ? await_children(ask, value) : asked;
}

/// The last of them wake it; it looks by itself as well, for those that died, were cancelled, or took effect
/// at the same moment.
FlowRun::Went FlowRun::await_children(const Ask& ask, std::optional<nlohmann::json>& value) {
  constexpr milliseconds kLookAgain{15'000};
  const auto& name = ask.what().name;
  return in_transaction(false, place_ + 1, [&](Atomic& block) {
    const auto look = detail::look_for_children(database(), work_.job.id, place_);
    if (!look.lost.empty())
      throw Reject{"the flow waits for '" + name + "', and " + look.lost + "; retry it first, then the flow"};
    if (look.left > 0) {
      park(database(), kLookAgain, "the flow waits for '" + name + "'");
      return true;
    }
    begin_notes(block);
    auto step = step_here(name, Kind::kChildren);
    step.value = detail::load_children(database(), work_.job.id, place_);
    if (step.value->size() > work_.value_limit) {
      throw Reject{"what the children '" + name + "' returned takes " + std::to_string(step.value->size()) +
                   " bytes together, over the payload limit of " + std::to_string(work_.value_limit) +
                   ": have them store it, and return keys"};
    }
    value = taken(ask, {.name = name, .kind = Kind::kChildren, .value = step.value},
                  "have its code take that, then retry it");
    if (detail::finish_step(database(), work_.job.id, step)) return true;
    not_ours_ = true;
    return false;
  });
}

/// It has come too early.
FlowRun::Went FlowRun::park_again(const std::string& why, milliseconds left) {
  parked_ = Parked{left, why};
  return Went::kNoFurther;
}

void FlowRun::park(Database& database, milliseconds due_in, std::string why) {
  next_ = got_on(work_.job);
  detail::move_flow(database, *next_, due_in);
  parking_ = Parked{due_in, std::move(why)};
}

// --- What is written besides.

/// What goes with whatever is done next: that the flow has begun, the versions before it, and that what has
/// gone wrong before is over.
void FlowRun::begin_notes(Atomic& block) {
  auto& riders = work_.claim.riders().with_commit;
  if (steps_.empty() && place_ == news_.size()) riders.add(detail::begin_rider(database(), work_.job));
  for (std::size_t i = 0; i < news_.size(); ++i) {
    auto step = step_here(news_[i], Kind::kVersion);
    step.place = place_ - news_.size() + i;
    riders.add(detail::step_rider(block.transaction().session(), work_.job.id, step));
  }
  if (!is_held_against(work_.job)) return;
  next_ = got_on(work_.job);
  detail::move_flow(database(), *next_, milliseconds{0});
}

void FlowRun::note_done(Atomic& block, const detail::DoneStep& step) {
  work_.claim.riders().with_commit.add(detail::step_rider(block.transaction().session(), work_.job.id, step));
}

detail::DoneStep FlowRun::step_here(std::string_view name, Kind kind) const {
  return {.place = place_, .name = name, .kind = kind, .tries = work_.job.counted_attempt(), .began = began_};
}

std::string FlowRun::kept(const std::string& name, const nlohmann::json& value) const {
  const std::string subject = "what '" + name + "' of flow '" + work_.job.task + "' returned ";
  std::string json;
  try {
    append_json_value(json, value, {kArgsDepthLimit, kArgsValueLimit});
  } catch (const PayloadError& error) {
    throw PayloadError{subject + "cannot be kept: " + error.what()};
  }
  if (json.size() <= work_.value_limit) return json;
  throw PayloadError{subject + "takes " + std::to_string(json.size()) + " bytes, over the payload limit of " +
                     std::to_string(work_.value_limit) + ": store the data and return its key"};
}

}  // namespace aftercommit::worker
