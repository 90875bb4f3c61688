/// The way back of a flow that has failed for good: what it has asked for by on_failure() is done, the last
/// first.
#include <algorithm>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/fail_point.hpp"
#include "base/text/text.hpp"
#include "client/transaction/session.hpp"
#include "worker/flows/flow_run.hpp"
#include "worker/flows/progress.hpp"

namespace aftercommit::worker {
namespace {

/// Its rows say by now what its job did.
void forget_death(Envelope& job) {
  job.death_cause.clear();
  job.death_reason.clear();
  job.death_id.clear();
  job.undo = false;
}

}  // namespace

/// Whether it goes back, as its rows say, or its job does for the first time.  What it had begun and not done
/// is as if it had not come there.
void FlowRun::find_failure() {
  const auto row = std::ranges::find(steps_, Kind::kFailure, &detail::StepRow::kind);
  failure_kept_ = row != steps_.end();
  if (failure_kept_) {
    failure_ = detail::read_failure(row->name, row->value.value_or(""));
    forget_death(work_.job);
  } else if (work_.job.undo) {
    const auto& errors = work_.job.errors;
    failure_ = detail::FlowFailure{.cause = work_.job.death_cause,
                                   .reason = work_.job.death_reason,
                                   .attempts = errors.empty() ? 1 : errors.back().attempt};
  } else {
    return;
  }
  const auto end = std::find_if(steps_.begin(), row, [](const auto& step) { return !step.done; });
  end_ = static_cast<std::size_t>(end - steps_.begin());
}

void FlowRun::on_failure(const std::string& name, std::function<void(Transaction&)> undo,
                         StepOptions options) {
  try {
    if (!detail::is_step_name(name)) {
      throw FlowChanged{"the flow asks for undo '" + in_one_line(name, 100) + "', which " +
                        std::string{detail::kIsNoStepName}};
    }
    if (std::ranges::find(undos_, name, &Undo::name) != undos_.end()) {
      throw FlowChanged{"the flow asks for undo '" + name +
                        "' twice: each name stands for one of a flow; in a loop say which turn it is, '" +
                        name + " 2'"};
    }
    undos_.push_back({name, std::move(undo), options});
  } catch (const FlowChanged&) {
    give_up(std::current_exception());
    throw;
  }
}

/// Goes by their names: what the code undoes besides, since it was changed, is done as well; but it has to
/// undo what it was to.
void FlowRun::undo_all() {
  place_ = steps_.size();
  news_.clear();  // versions that nothing has come behind
  if (!failure_kept_) {
    if (undos_.empty()) {
      undone_ = true;
      return;
    }
    if (begin_undoing() == Went::kNoFurther) return;
    ++place_;
  }
  const auto is_done = [&](const std::string& name) {
    return std::ranges::any_of(steps_,
                               [&](const auto& row) { return row.kind == Kind::kUndo && row.name == name; });
  };
  for (const auto& name : failure_->undos) {
    if (is_done(name) || std::ranges::find(undos_, name, &Undo::name) != undos_.end()) continue;
    throw FlowChanged{"its code does not ask for undo '" + name +
                      "' any more, which is to be done: run it with code that does"};
  }
  for (auto one = undos_.rbegin(); one != undos_.rend(); ++one) {
    if (is_done(one->name)) continue;
    if (undo(*one) == Went::kNoFurther) return;
    ++place_;
  }
  undone_ = true;
}

/// From the commit on it goes forwards no more, whoever takes it up.  Its death is forgotten until it is
/// undone.
FlowRun::Went FlowRun::begin_undoing() {
  began_ = std::chrono::system_clock::now();
  work_.claim.do_step(failure_->cause);
  for (auto one = undos_.rbegin(); one != undos_.rend(); ++one) failure_->undos.push_back(one->name);
  return in_transaction(false, std::nullopt, [&](Atomic& block) {
    begin_notes(block);
    auto step = step_here(failure_->cause, Kind::kFailure);
    step.tries = failure_->attempts;
    step.value = detail::failure_json(*failure_);
    note_done(block, step);
    next_ = got_on(work_.job);
    forget_death(*next_);
    detail::move_flow(database(), *next_, std::chrono::milliseconds{0});
    return true;
  });
}

FlowRun::Went FlowRun::undo(const Undo& undo) {
  undo_ = undo.name;
  begin_step(Kind::kUndo, undo.name);
  failed_ = undo.options;
  const auto went = in_transaction(true, std::nullopt, [&](Atomic& block) {
    begin_notes(block);
    undo.body(block.transaction());
    note_done(block, step_here(undo.name, Kind::kUndo));
    return true;
  });
  failed_.reset();
  undo_.clear();
  return went;
}

std::string FlowRun::explained(const std::string& reason) const {
  if (!is_undoing()) return reason;
  const auto what = undo_.empty() ? "the flow cannot be undone: " : "undo '" + undo_ + "' has failed: ";
  return what + reason + "; it is undone since it had failed: " + failure_->reason;
}

}  // namespace aftercommit::worker
