/// Steps that are loops: a page at a time, each in a transaction that has the row of the flow's job.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "base/json/json_parser.hpp"
#include "client/transaction/session.hpp"
#include "worker/flows/flow_run.hpp"
#include "worker/flows/progress.hpp"

namespace aftercommit::worker {
namespace {

nlohmann::json json_of(const detail::PagesPlace& place) {
  return {{"after", *place.after}, {"count", place.count}};
}

/// Throws FlowChanged for what json_of() has not made.
detail::PagesPlace place_in(const std::string& name, const std::string& json) {
  auto parsed = parse_json(json, {kArgsDepthLimit, kArgsValueLimit});
  auto* const tree = std::get_if<nlohmann::json>(&parsed);
  if (tree == nullptr || !tree->is_object() || !tree->contains("after") || !tree->contains("count") ||
      !tree->at("count").is_number_integer()) {
    throw FlowChanged{"what is kept of pages '" + name + "' cannot be read: " + json.substr(0, 100)};
  }
  return {.after = std::move(tree->at("after")), .count = tree->at("count").get<std::int64_t>()};
}

}  // namespace

/// Where it has come to is asked for each page: another copy of the flow may have been here meanwhile.
FlowRun::Went FlowRun::do_pages(detail::PagesAsk& ask, std::optional<nlohmann::json>& value) {
  const auto& name = ask.what().name;
  for (bool first = true, more = true; more; first = false) {
    if (!first) begin_step(Kind::kPages, name);
    const auto went = in_transaction(true, [&](Atomic& block) {
      const auto look = detail::read_pages(database(), work_.job.id, place_);
      if (look.done) {
        not_ours_ = true;
        return false;
      }
      if (!look.value || is_held_against(work_.job)) begin_notes(block);
      auto place = look.value ? place_in(name, *look.value) : detail::PagesPlace{};
      more = ask.page(block.transaction(), place);
      auto step = step_here(name, Kind::kPages);
      step.value = kept(name, more ? json_of(place) : nlohmann::json(place.count));
      auto& session = block.transaction().session();
      work_.claim.riders().with_commit.add(detail::pages_rider(session, work_.job.id, step, !more));
      if (!more) value = place.count;
      return true;
    });
    if (went == Went::kNoFurther) return went;
  }
  return Went::kOn;
}

}  // namespace aftercommit::worker
