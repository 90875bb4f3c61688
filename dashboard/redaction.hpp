/// What of jobs is not sent to a browser.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operate/json.hpp"

namespace aftercommit::dashboard {

/// Constant after construction.
class Redaction {
 public:
  /// Rules: `NAME`, each member of that name, at any depth of arguments, values and headers, in whatever
  /// case; `TASK#N`, the N-th argument of a task, counted from 1; `TASK#*`, all of them and its value.
  /// Throws UsageError for anything else.
  Redaction(bool show_args, const std::vector<std::string>& rules);

  bool shows_args() const noexcept { return show_args_; }
  bool has_rules() const noexcept { return !names_.empty() || !arguments_.empty() || !tasks_.empty(); }

  /// Takes out what is not shown of a job, a list of them, or whatever holds some: `args`, `result`,
  /// `headers`, `received` and keys made of arguments become null where arguments are hidden, with
  /// `args_hidden` true beside them; else what the rules name becomes the text "(hidden)", and with any rule
  /// what may hold it in another form: keys made of arguments, and what could not be read.
  void apply(operate::Json& document) const;

  /// What of the arguments of a job may be searched, as JSON without spaces: what its reader would see.
  std::string searched(const std::string& task, const nlohmann::json& args) const;

 private:
  void apply_to_job(operate::Json& job) const;
  void hide_members(operate::Json& value) const;

  const bool show_args_;
  std::set<std::string> names_;                              // in lower case
  std::set<std::pair<std::string, std::size_t>> arguments_;  // task and place, from 0
  std::set<std::string> tasks_;                              // all of whose arguments are hidden
};

}  // namespace aftercommit::dashboard
