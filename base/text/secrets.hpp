/// What of a URL, right or mistyped, may not be shown; and texts from which it is taken out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/text.hpp"

namespace aftercommit {

/// The parts of one URL, of either server, that are a password or may be one.  In a mistyped URL the password
/// stands anywhere: as the port where the '@' is missing, as the user where the ':' is.  So all that lies
/// between the first ':' and the last '@' counts, a user without a password, a port that is no number, and
/// what follows the word "password".  Where a '/' or an '@' may be one of the password itself, or the '@'
/// before the host may be missing, whoever reads the URL takes a piece of the password for a part of it.
class Secrets {
 public:
  explicit Secrets(std::string_view url);

  /// One more, which somebody has decoded.
  void add(std::string_view secret);

  bool none() const noexcept { return forms_.empty(); }

  /// Whether any part of the URL, however it is read, may be a piece of the password.
  bool in_any_part() const noexcept { return in_any_part_; }

  /// `text` with "***" wherever it holds one of them, as it is written or decoded, or more than four
  /// characters of one in a row; where they may be in any part, also for all that stands in quotes.
  std::string masked(std::string_view text) const;

 private:
  std::size_t longest_at(std::string_view text, std::size_t at) const;

  std::vector<std::string> forms_;
  bool in_any_part_ = false;
};

/// Whether `text`, which somebody has typed where no URL was expected, looks like a URL with a password all
/// the same.
bool may_hold_secret(std::string_view text) noexcept;

/// The URL for a log: what is or may be its password replaced by "***", all of one that is of no such form.
std::string masked_url(std::string_view url);

/// For sentences that quote what was typed: cleaned, in one line, and cut to `limit` bytes; "***" for what
/// may hold a password.
std::string shown_argument(std::string_view text, std::size_t limit = kNameLimit);

}  // namespace aftercommit
