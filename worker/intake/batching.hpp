/// Which of the jobs that were fetched may be handed out together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/contract/intake.hpp"

namespace aftercommit::worker {

/// Goes by the first task that the text of a job names, which is its own, but for what others have written:
/// whoever runs jobs together has to read them first.  Constant after construction.
class Batching {
 public:
  /// A task whose jobs run together, so many at most.
  struct Kind {
    std::string task;
    std::size_t most;
  };

  Batching() = default;  ///< each job alone
  explicit Batching(std::vector<Kind> kinds) : kinds_{std::move(kinds)} {}

  bool empty() const noexcept { return kinds_.empty(); }
  std::size_t most() const noexcept {
    std::size_t most = 1;
    for (const auto& kind : kinds_) most = std::max(most, kind.most);
    return most;
  }

  /// The same for all jobs of a kind; null: it is handed out alone.
  const Kind* of(const Fetched& job) const noexcept {
    if (kinds_.empty()) return nullptr;
    constexpr std::string_view kKey = R"("task":)";
    std::string_view rest{job.payload};
    const auto at = rest.find(kKey);
    if (at == std::string_view::npos) return nullptr;
    rest.remove_prefix(at + kKey.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    for (const auto& kind : kinds_) {
      const auto size = kind.task.size();
      if (rest.size() > size + 1 && rest.front() == '"' && rest.substr(1, size) == kind.task &&
          rest[size + 1] == '"')
        return &kind;
    }
    return nullptr;
  }

 private:
  std::vector<Kind> kinds_;
};

}  // namespace aftercommit::worker
