/// A dead job as an operator sees it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "broker/contract/names.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "operate/json.hpp"

namespace aftercommit::operate {

struct DeadJob {
  std::string id;        ///< the job's; a handle made of the letter's text where no job could be read
  std::string database;  ///< the alias of the one whose job table keeps it; empty: Redis does
  Queue queue;
  std::chrono::system_clock::time_point died_at{};
  std::string text;                    ///< of the letter, as kept
  std::optional<DeadLetter> letter{};  ///< if it can be read
  std::string flaw{};                  ///< why it cannot, else

  bool is_in_redis() const { return database.empty(); }
  const Envelope* job() const { return letter && letter->job ? &*letter->job : nullptr; }
  std::string task() const { return job() != nullptr ? job()->task : std::string{}; }
  std::string cause() const;   ///< the word in JSON; "unreadable" where the letter is
  std::string reason() const;  ///< a sentence
  /// Why it cannot run again; empty: nothing is known against it.
  std::string obstacle() const;
};

/// Reads a letter.  `id` is the one that a job table keeps it by; Redis has none.
DeadJob dead_job(std::string database, const std::optional<JobId>& id, Queue queue,
                 std::chrono::system_clock::time_point died_at, std::string text);

/// True for the form of such a handle: letter-0123456789abcdef.
bool is_letter_handle(std::string_view text);

/// As one of a list: without the arguments and what else a list need not show.
Json in_json(const DeadJob& dead);
/// With its arguments and all its errors, or with what was received in their place.
Json in_full(const DeadJob& dead);

}  // namespace aftercommit::operate
