#include "worker/flows/flow_run.hpp"

#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "aftercommit/job.hpp"
#include "base/json/json_parser.hpp"
#include "base/process/fail_point.hpp"
#include "base/text/text.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

detail::StepRow::Kind kind_of(detail::FlowAsk::Kind asked) noexcept {
  using Asked = detail::FlowAsk::Kind;
  using Kind = detail::StepRow::Kind;
  switch (asked) {
    case Asked::kStep:
      return Kind::kStep;
    case Asked::kCall:
    case Asked::kProbed:
      return Kind::kExternal;
    case Asked::kSleep:
      return Kind::kSleep;
    case Asked::kChildren:
      return Kind::kChildren;
    case Asked::kPages:
      return Kind::kPages;
    case Asked::kEvent:
      break;
  }
  return Kind::kEvent;
}

std::string quoted(detail::StepRow::Kind kind, const std::string& name) {
  return std::string{to_string(kind)} + " '" + name + "'";
}

}  // namespace

FlowRun::FlowRun(const Work& work) : work_{work} {
  const RunningJob::Claim asks{work_.running, database()};
  steps_ = detail::load_steps(database(), work_.job.id, now());
  end_ = steps_.size();
  find_failure();
}

void FlowRun::run(Job& job, const std::function<detail::AnyFlow(FlowContext&)>& begin) {
  job_ = &job;
  FlowContext context{*this};
  const auto flow = begin(context);
  flow.resume();
  drop_next();  // its row is for whoever wants it now
  if (trouble_) std::rethrow_exception(trouble_);
  if (parked_ || not_ours_) return;
  if (is_undoing() && place_ >= end_) return undo_all();  // whatever it has thrown behind there
  if (flow.error()) std::rethrow_exception(flow.error());
  if (place_ >= end_) return;
  throw FlowChanged{"the flow has ended before " + quoted(steps_[place_].kind, steps_[place_].name) +
                    ", which it has done: its code has changed, or does not always come to the same; use "
                    "version() for a change"};
}

// --- What the body asks for.

std::optional<std::optional<nlohmann::json>> FlowRun::answer(Ask& ask) noexcept {
  try {
    if (trouble_ || parked_ || not_ours_) return std::nullopt;  // asked for by a destructor
    std::optional<nlohmann::json> value;
    if (go_on(ask, value) == Went::kNoFurther) return std::nullopt;
    ++place_;
    return std::optional{std::move(value)};
  } catch (...) {
    trouble_ = std::current_exception();
  }
  return std::nullopt;
}

FlowRun::Went FlowRun::go_on(Ask& ask, std::optional<nlohmann::json>& value) {
  const auto& [kind, name, options, wait] = ask.what();
  check(name, kind_of(kind));
  if (place_ < end_) return go_on_from(steps_[place_], ask, value);
  if (is_undoing()) return Went::kNoFurther;  // all that it has done has been told
  begin_step(kind_of(kind), name);
  failed_ = options;
  auto went = Went::kNoFurther;
  switch (kind) {
    case Ask::Kind::kStep:
      went = do_step(ask, value);
      break;
    case Ask::Kind::kProbed:
      if (intend(name) == Went::kNoFurther) break;
      fail_point("flow.after_intent");
      went = call(ask, true, value);
      break;
    case Ask::Kind::kCall:
      if (is_still_ours()) went = call(ask, false, value);
      break;
    case Ask::Kind::kSleep:
      went = begin_sleep(ask);
      break;
    case Ask::Kind::kEvent:
      went = await_event(ask, value);
      break;
    case Ask::Kind::kChildren:
      went = ask_children(static_cast<detail::ChildrenAsk&>(ask), value);
      break;
    case Ask::Kind::kPages:
      went = do_pages(static_cast<detail::PagesAsk&>(ask), value);
      break;
  }
  failed_.reset();
  return went;
}

/// Its time limits begin; throws where it is not to begin any more.
void FlowRun::begin_step(Kind kind, const std::string& name) {
  if (work_.stop) throw Error{"the worker stops before " + quoted(kind, name)};
  work_.next_step();
  fail_point("flow.before_step");
  began_ = std::chrono::system_clock::now();
  work_.claim.do_step(name);
}

/// What is done already, or at least begun.
FlowRun::Went FlowRun::go_on_from(const detail::StepRow& row, Ask& ask,
                                  std::optional<nlohmann::json>& value) {
  if (!row.done) return ask_again(row, ask, value);
  if (row.left > milliseconds{0} && !is_undoing())
    return park_again("the flow sleeps ('" + row.name + "')", row.left);
  if (row.value) value = read(row);
  return Went::kOn;
}

/// A call was about to be made, and nobody knows whether it was; or it goes on with what has begun.
FlowRun::Went FlowRun::ask_again(const detail::StepRow& row, Ask& ask, std::optional<nlohmann::json>& value) {
  begin_step(row.kind, row.name);
  if (row.kind == Kind::kChildren) return await_children(ask, value);
  failed_ = ask.what().options;
  if (row.kind == Kind::kPages) {
    const auto done = do_pages(static_cast<detail::PagesAsk&>(ask), value);
    failed_.reset();
    return done;
  }
  auto went = Went::kNoFurther;
  if (is_still_ours()) {
    value = ask.probe();
    if (value) {
      went = keep_answer(row.name, kept(row.name, *value), true);
    } else if (is_still_ours()) {  // the outside may have taken its time to answer
      went = call(ask, true, value);
    }
  }
  failed_.reset();
  return went;
}

/// Throws FlowChanged unless this is what the flow has done here, or may do.
void FlowRun::check(const std::string& name, Kind kind) {
  if (!detail::is_step_name(name)) {
    throw FlowChanged{"the flow asks for " + quoted(kind, in_one_line(name, 100)) + ", which " +
                      std::string{detail::kIsNoStepName}};
  }
  if (!names_.insert(name).second) {
    throw FlowChanged{"the flow asks for '" + name +
                      "' twice: each name stands for one thing of a flow; in a loop say which turn it is, "
                      "'" +
                      name + " 2'"};
  }
  if (place_ < end_ && steps_[place_].kind == Kind::kVersion && kind != Kind::kVersion) {
    throw FlowChanged{"the flow has come to " + quoted(Kind::kVersion, steps_[place_].name) +
                      " here, and its code now asks for " + quoted(kind, name) +
                      ": keep the call of version() as long as flows run that have passed it"};
  }
  if (kind == Kind::kVersion || place_ >= end_) return;
  const auto& row = steps_[place_];
  if (row.name == name && row.kind == kind) return;
  throw FlowChanged{"the flow has done " + quoted(row.kind, row.name) + " here, and its code now asks for " +
                    quoted(kind, name) +
                    ": the code has changed under it, or does not always come to the same; use version() for "
                    "a change, or run it with the code of before"};
}

bool FlowRun::version(const std::string& name) {
  try {
    check(name, Kind::kVersion);
  } catch (const FlowChanged&) {
    give_up(std::current_exception());
    throw;
  }
  if (place_ < end_) {
    const auto& row = steps_[place_];
    if (row.kind != Kind::kVersion || row.name != name) return false;  // it has passed here before
  } else {
    news_.push_back(name);
  }
  ++place_;
  return true;
}

std::optional<std::string> FlowRun::returned() const {
  return returned_.is_null() ? std::nullopt : std::optional{kept("the end", returned_)};
}

nlohmann::json FlowRun::read(const detail::StepRow& row) const {
  if (!row.value) return nullptr;
  // What children have returned is bounded together by its bytes alone.
  const auto values = row.kind == Kind::kChildren ? row.value->size() : kArgsValueLimit;
  auto parsed = parse_json(*row.value, {kArgsDepthLimit, values});
  if (auto* const tree = std::get_if<nlohmann::json>(&parsed)) return std::move(*tree);
  throw FlowChanged{"what is kept of " + quoted(row.kind, row.name) +
                    " cannot be read: " + std::get<Malformed>(parsed).reason};
}

}  // namespace aftercommit::worker
