/// The oracle's part on the features that keep state: reads what the tables of feature_tasks.hpp and of the
/// product say, for the rules.
#pragma once

#include <cstddef>
#include <map>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <vector>

#include "fault/harness/body_times.hpp"
#include "fault/harness/cancel_rule.hpp"
#include "fault/harness/oracle.hpp"
#include "fault/harness/tick_rule.hpp"
#include "fault/harness/unique_rule.hpp"

namespace aftercommit::fault {

/// What is known of a job that should have run.
struct JobEnd {
  std::string name;  ///< as sentences call it
  std::string task;
  bool durable = true;
  std::vector<long> effects{};  ///< their ids
  std::size_t letters = 0;
};

class FeatureOracle {
 public:
  explicit FeatureOracle(pqxx::nontransaction& session);

  const std::vector<Tick>& ticks() const noexcept { return ticks_; }
  /// When somebody was told that the job will never take effect, in us since 1970; 0: nobody was.
  long long cancelled_us(const std::string& id) const;
  bool is_replaceable(const std::string& id) const { return replaced_.contains(id); }
  /// Whether the job may have neither taken effect nor died.
  bool may_have_vanished(const std::string& id, const JobEnd& end) const;
  /// `jobs`: by id; `dead_ticks`: of periodic tasks.
  void judge(const std::map<std::string, JobEnd>& jobs, const std::vector<Tick>& dead_ticks,
             const Evidence& evidence, Findings& findings) const;

 private:
  CancelStory story_of(const std::string& id, const JobEnd& end) const;
  void judge_results(const std::map<std::string, JobEnd>& jobs, Findings& findings) const;
  const std::vector<BodyTime>& bodies_of(const std::string& kind) const;

  struct Cancel {
    std::vector<std::string> answers{};
    std::string state{};
    long long never_us = 0;
  };
  std::map<std::string, Cancel> cancels_{};  // by job
  std::vector<UniqueAsk> unique_{};
  std::set<std::string> replaced_{};
  std::map<std::string, std::string> results_{};           // by job
  std::map<std::string, std::vector<BodyTime>> bodies_{};  // by kind
  std::vector<Tick> ticks_{};
  std::vector<PeriodicState> periodic_{};
};

}  // namespace aftercommit::fault
