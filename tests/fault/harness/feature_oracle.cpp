#include "fault/harness/feature_oracle.hpp"

#include <algorithm>
#include <iterator>

#include "fault/harness/feature_tasks.hpp"
#include "fault/harness/journey_tasks.hpp"
#include "fault/harness/result_rule.hpp"

namespace aftercommit::fault {
namespace {

void add(std::vector<std::string>& list, std::vector<std::string> more) {
  std::ranges::move(more, std::back_inserter(list));
}

}  // namespace

FeatureOracle::FeatureOracle(pqxx::nontransaction& session) {
  for (const auto& row : session.exec("SELECT job_id, answer, answer IN ('waiting', 'delayed', 'cancelled'), "
                                      "(extract(epoch FROM at) * 1000000)::bigint FROM cancel_answer "
                                      "ORDER BY id")) {
    auto& cancel = cancels_[row[0].as<std::string>()];
    cancel.answers.push_back(row[1].as<std::string>());
    if (row[2].as<bool>() && cancel.never_us == 0) cancel.never_us = row[3].as<long long>();
  }
  for (const auto& row : session.exec("SELECT id, state FROM aftercommit.cancelled")) {
    cancels_[row[0].as<std::string>()].state = row[1].as<std::string>();
  }
  for (const auto& row : session.exec("SELECT key, job_id, own, (extract(epoch FROM at) * 1000000)::bigint "
                                      "FROM unique_ask ORDER BY id")) {
    unique_.push_back({.key = row[0].as<std::string>(),
                       .job = row[1].as<std::string>(),
                       .own = row[2].as<bool>(),
                       .asked_us = row[3].as<long long>()});
  }
  replaced_ = fault::may_be_replaced(unique_);
  for (const auto& row : session.exec("SELECT id, value FROM aftercommit.result")) {
    results_[row[0].as<std::string>()] = row[1].as<std::string>();
  }
  for (const auto& row : session.exec("SELECT kind, job_id, key, pid, "
                                      "(extract(epoch FROM claimed) * 1000000)::bigint, "
                                      "(extract(epoch FROM begun) * 1000000)::bigint, "
                                      "(extract(epoch FROM ended) * 1000000)::bigint FROM span")) {
    bodies_[row[0].as<std::string>()].push_back({.job = row[1].as<std::string>(),
                                                 .key = row[2].as<std::string>(),
                                                 .pid = row[3].as<long>(),
                                                 .claimed_us = row[4].as<long long>(),
                                                 .begun_us = row[5].as<long long>(),
                                                 .ended_us = row[6].as<long long>()});
  }
  for (const auto& row : session.exec("SELECT name, tick_s, job_id FROM ticked")) {
    ticks_.push_back(
        {.name = row[0].as<std::string>(), .at_s = row[1].as<long long>(), .job = row[2].as<std::string>()});
  }
  for (const auto& row :
       session.exec("SELECT name, extract(epoch FROM last_tick)::bigint FROM aftercommit.periodic")) {
    const auto name = row[0].as<std::string>();
    PeriodicState state{.name = name, .makes_up_for_all = name == kEachSecond};
    if (!row[1].is_null()) state.last_s = row[1].as<long long>();
    periodic_.push_back(state);
  }
  for (const auto* name : {kEachSecond, kLatestSecond}) {
    const bool is_declared =
        std::ranges::any_of(periodic_, [&](const PeriodicState& state) { return state.name == name; });
    if (!is_declared) periodic_.push_back({.name = name});
  }
}

bool FeatureOracle::may_have_vanished(const std::string& id, const JobEnd& end) const {
  return is_replaceable(id) || fault::may_have_vanished(story_of(id, end));
}

long long FeatureOracle::cancelled_us(const std::string& id) const {
  const auto found = cancels_.find(id);
  return found == cancels_.end() ? 0 : found->second.never_us;
}

CancelStory FeatureOracle::story_of(const std::string& id, const JobEnd& end) const {
  CancelStory story{.job = end.name,
                    .durable = end.durable,
                    .effects = end.effects.size(),
                    .letters = end.letters,
                    .replaced = is_replaceable(id),
                    .in_steps = end.task == kJourney};
  if (const auto found = cancels_.find(id); found != cancels_.end()) {
    story.answers = found->second.answers;
    story.state = found->second.state;
  }
  return story;
}

void FeatureOracle::judge(const std::map<std::string, JobEnd>& jobs, const std::vector<Tick>& dead_ticks,
                          const Evidence& evidence, Findings& findings) const {
  for (const auto& [id, end] : jobs) add(findings.cancels, judge_cancel(story_of(id, end)));
  for (const auto& [id, cancel] : cancels_) {
    ++findings.cancelled;
    if (!jobs.contains(id))
      findings.cancels.push_back("job " + id + " was cancelled, and nobody committed it");
  }
  findings.unique_asks = unique_.size();
  add(findings.uniques, judge_unique(unique_, bodies_of(kSpanOfUnique)));
  judge_results(jobs, findings);
  const auto& by_key = bodies_of(kSpanOfLimit);
  const auto& paced = bodies_of(kSpanOfRate);
  findings.limited = by_key.size() + paced.size();
  add(findings.limits, find_overlaps(by_key));
  add(findings.limits,
      judge_rate(paced, {.most = kPacedMost, .per = kPacedPer, .burst = kPacedBurst},
                 {.database_crashes = evidence.database_crashes, .freezes = evidence.freezes}));
  findings.ticks = ticks_.size();
  add(findings.periodic, judge_ticks(ticks_, dead_ticks, periodic_));
}

void FeatureOracle::judge_results(const std::map<std::string, JobEnd>& jobs, Findings& findings) const {
  findings.results_kept = results_.size();
  for (const auto& [id, end] : jobs) {
    if (end.task == "answer")
      continue;  // what it returns is its slot, and the flow that waits for it is judged by that
    const auto kept = results_.find(id);
    if (!end.task.starts_with("returning") && kept == results_.end()) continue;
    ReturnStory story{.job = end.name, .effects = end.effects};
    if (kept != results_.end()) story.kept = kept->second;
    add(findings.results, judge_result(story));
  }
  for (const auto& [id, value] : results_) {
    if (jobs.contains(id)) continue;
    findings.results.push_back("job " + id + " has the result " + value + ", and nobody committed it");
  }
}

const std::vector<BodyTime>& FeatureOracle::bodies_of(const std::string& kind) const {
  static const std::vector<BodyTime> none;
  const auto found = bodies_.find(kind);
  return found == bodies_.end() ? none : found->second;
}

}  // namespace aftercommit::fault
