/// A flow as a worker takes it up: the replay of what it has done, and what it does next, each in a
/// transaction that has the row of its job.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/clock.hpp"
#include "aftercommit/flow.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/flows/flow_rows.hpp"
#include "client/job_table/claim.hpp"
#include "worker/events/events.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// For one run of the body, on its thread.
class FlowRun final : public detail::FlowRunner {
 public:
  /// None is owned; all outlive this.
  struct Work {
    Envelope& job;  ///< as its row stands: moves on with it
    detail::Claim& claim;
    RunningJob& running;
    const Events& events;
    const std::atomic<bool>& stop;  ///< of the worker
    const Clock* test_clock;        ///< by which waits are judged in a test; null: the database's counts
    std::size_t value_limit;        ///< bytes of what a step returns
    /// Called before each thing that is done: its time limits begin.  Throws why the flow is cut short.
    std::function<void()> next_step;
  };
  /// Asks the database what the flow has done.  Throws what that does.
  explicit FlowRun(const Work& work);

  /// It has given up its thread: to come back in so long.
  struct Parked {
    std::chrono::milliseconds due_in{0};
    std::string why;
  };
  const std::optional<Parked>& parked() const noexcept { return parked_; }
  /// Its job is another's by now, or gone.
  bool not_ours() const noexcept { return not_ours_; }
  /// It had failed for good, and there is nothing left to undo: it is to be buried as that says.  Empty
  /// undos: there was nothing at all.
  const detail::FlowFailure* undone() const noexcept { return undone_ ? &*failure_ : nullptr; }
  /// Whether what it has done is to be undone if it dies of what it has thrown now.
  bool is_to_be_undone() const noexcept { return !is_undoing() && !undos_.empty(); }
  /// What it has thrown now, and where it is undone besides what that was for.
  std::string explained(const std::string& reason) const;
  /// How often what has thrown is tried again; null: as its job and task say.
  const StepOptions* failed_step() const noexcept { return failed_ ? &*failed_ : nullptr; }

  /// What it gives the flow that waits for it, JSON; nothing: nothing.
  std::optional<std::string> returned() const;

  // --- For its body.

  std::optional<std::optional<nlohmann::json>> answer(detail::FlowAsk& ask) noexcept override;
  bool version(const std::string& name) override;
  void returns(nlohmann::json value) override { returned_ = std::move(value); }
  void on_failure(const std::string& name, std::function<void(Transaction&)> undo,
                  StepOptions options) override;
  void give_up(std::exception_ptr why) noexcept override { trouble_ = std::move(why); }
  Job& job() override { return *job_; }
  /// Throws what a step has thrown, or the body; FlowChanged.
  void run(Job& job, const std::function<detail::AnyFlow(FlowContext&)>& begin) override;

 private:
  using Ask = detail::FlowAsk;
  using Kind = detail::StepRow::Kind;
  using Time = std::chrono::system_clock::time_point;
  enum class Went : bool { kNoFurther, kOn };
  /// What has been asked for by on_failure().
  struct Undo {
    std::string name;
    std::function<void(Transaction&)> body;
    StepOptions options;
  };

  Went go_on(Ask& ask, std::optional<nlohmann::json>& value);
  Went go_on_from(const detail::StepRow& row, Ask& ask, std::optional<nlohmann::json>& value);
  void check(const std::string& name, Kind kind);
  void begin_step(Kind kind, const std::string& name);
  bool is_undoing() const noexcept { return failure_.has_value(); }
  void find_failure();
  void undo_all();
  Went begin_undoing();
  Went undo(const Undo& undo);
  bool is_still_ours();
  Went do_step(Ask& ask, std::optional<nlohmann::json>& value);
  Went call(Ask& ask, bool intended, std::optional<nlohmann::json>& value);
  Went ask_again(const detail::StepRow& row, Ask& ask, std::optional<nlohmann::json>& value);
  Went intend(const std::string& name);
  Went keep_answer(const std::string& name, const std::string& json, bool intended);
  Went begin_sleep(const Ask& ask);
  Went await_event(const Ask& ask, std::optional<nlohmann::json>& value);
  Went ask_children(detail::ChildrenAsk& ask, std::optional<nlohmann::json>& value);
  Went await_children(const Ask& ask, std::optional<nlohmann::json>& value);
  Went do_pages(detail::PagesAsk& ask, std::optional<nlohmann::json>& value);
  Went park_again(const std::string& why, std::chrono::milliseconds left);
  Went in_transaction(bool with_task, const std::function<bool(Atomic&)>& body);
  void commit(Atomic& block, bool with_task);
  void note_done(Atomic& block, const detail::DoneStep& step);
  void begin_notes(Atomic& block);
  void park(Database& database, std::chrono::milliseconds due_in, std::string why);
  std::string kept(const std::string& name, const nlohmann::json& value) const;
  nlohmann::json read(const detail::StepRow& row) const;
  nlohmann::json taken(const Ask& ask, const detail::StepRow& row, std::string_view then) const;
  detail::DoneStep step_here(std::string_view name, Kind kind) const;

  detail::TestTime now() const {
    return work_.test_clock != nullptr ? detail::TestTime{work_.test_clock->now()} : std::nullopt;
  }
  Database& database() const { return *work_.claim.database(); }

  Work work_;
  std::vector<detail::StepRow> steps_;
  std::size_t end_ = 0;            // of those of them that are gone through again
  std::size_t place_ = 0;          // of what is asked for next
  std::set<std::string> names_{};  // that were asked for
  std::vector<std::string>
      news_{};  // versions at the places before this one, to be written with what comes next
  Job* job_ = nullptr;
  Time began_{};  // what is being done
  std::exception_ptr trouble_{};
  nlohmann::json returned_{};
  std::optional<StepOptions> failed_{};
  std::vector<Undo> undos_{};                     // that it has come past, in their order
  std::optional<detail::FlowFailure> failure_{};  // of one that is undone
  bool failure_kept_ = false;                     // in the tables
  std::string undo_{};                            // the name of the one that is at hand
  bool undone_ = false;
  std::optional<Parked> parked_{};
  std::optional<Parked> parking_{};  // once the open transaction commits
  std::optional<Envelope> next_{};   // the same: the job as its row will stand
  bool not_ours_ = false;
};

}  // namespace aftercommit::worker
