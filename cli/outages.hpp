/// Servers that did not answer, where a command has gone on with what the others hold: what it says of them.
#pragma once

#include <string_view>

#include "operate/answers.hpp"

namespace aftercommit::cli {

/// On standard error, a sentence for each: what is missing because of it.  `before` and `after` stand around
/// its name, as in "what Redis holds is not counted, because it does not answer: ...".
void tell_outages(const operate::Answers& answers, std::string_view before, std::string_view after);

/// Below a table: that no durable jobs were looked for, where no database was given.
void tell_if_none(const operate::Answers& answers);

}  // namespace aftercommit::cli
