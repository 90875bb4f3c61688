/// The oracle's part on flows: reads what the tables of journey_tasks.hpp say, for the rule.
#pragma once

#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "fault/harness/journey_rule.hpp"
#include "fault/harness/oracle.hpp"

namespace aftercommit::fault {

class JourneyOracle {
 public:
  explicit JourneyOracle(pqxx::nontransaction& session);

  /// Jobs that flows have asked for, each in a step that is committed.
  struct Child {
    std::string job;
    std::string task;
    std::string flow;
  };
  const std::vector<Child>& children() const noexcept { return children_; }

  /// How a flow has ended, as far as its jobs tell.
  struct End {
    std::string name;  ///< as sentences call it
    bool is_dead = false;
    bool was_cancelled = false;  ///< and so may have stopped
    long long cancelled_us = 0;  ///< see JourneyStory
  };
  /// `ends`: by id, of all that were committed.  Adds to lost, doubled, ghosts and flows.
  void judge(const std::map<std::string, End>& ends, Findings& findings) const;

 private:
  struct Told {
    Journey journey{};
    bool asked = false;
    std::vector<StepEffect> effects{};
    std::vector<Gift> gifts{};
  };
  std::map<std::string, Told> flows_{};  // by id
  std::vector<Child> children_{};
  std::size_t steps_ = 0;
  std::size_t retried_ = 0;
};

}  // namespace aftercommit::fault
