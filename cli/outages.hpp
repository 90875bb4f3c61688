/// Servers that did not answer, where a command has gone on with what the others hold: what it says of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output.hpp"

namespace aftercommit::cli {

/// One of them.
struct Outage {
  std::string alias{};  ///< of the database; empty: Redis
  std::string error{};  ///< a sentence
};

bool redis_is_among(const std::vector<Outage>& outages);

/// On standard error, a sentence for each: what is missing because of it.  `before` and `after` stand around
/// its name, as in "what Redis holds is not counted, because it does not answer: ...".
void tell_outages(const std::vector<Outage>& outages, std::string_view before, std::string_view after);

/// For JSON: redis_answers, databases_answer, and by their aliases databases, all that were asked, and
/// databases_away.
Json answers(const std::vector<std::string>& databases, const std::vector<Outage>& outages);

/// Below a table: that no durable jobs were looked for, where no database was given.
void tell_if_none(const std::vector<std::string>& databases);

}  // namespace aftercommit::cli
