/// Is every committed job somewhere, and once?
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "operate/census.hpp"
#include "operate/findings.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// All findings of one kind in one queue.
struct Disagreement {
  static constexpr std::size_t kNamed = 20;

  Finding::Kind kind = Finding::Kind::kStranded;
  Queue queue;
  std::size_t count = 0;
  std::vector<std::string> subjects{};  ///< the first of them, kNamed at most
  std::string remedy{};                 ///< a sentence on what will happen, or what to do
};

/// In the order of kind and queue.  `redis_url` is for the remedies.
std::vector<Disagreement> grouped(const Findings& findings, const std::string& redis_url);

struct Audit {
  Census census;
  std::vector<Disagreement> disagreements{};

  bool agrees() const { return disagreements.empty(); }
  bool needs_somebody() const;  ///< else what disagrees passes by itself
};

/// Of all databases, which have to answer as Redis has; the rest as for take_census().
Audit audit(Servers& servers, std::chrono::milliseconds pause, const std::function<void()>& step = {},
            std::int64_t most_of_ledger = std::numeric_limits<std::int64_t>::max());

Json in_json(const Audit& audit);

}  // namespace aftercommit::operate
