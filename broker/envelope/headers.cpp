#include "aftercommit/headers.hpp"

#include <algorithm>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit {
namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw UsageError{"cannot set the header '" + clean_text(name, kNameLimit) + "': " + why};
}

}  // namespace

Headers::Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  entries_.reserve(entries.size());
  for (const auto& [name, value] : entries) {
    if (contains(name)) refuse(name, "it is given twice");
    set(name, value);
  }
}

void Headers::set(std::string_view name, std::string_view value) {
  if (!valid_name(name)) refuse(name, "a name has 1 to 64 of a-z A-Z 0-9 _ . -");
  if (!valid_utf8(value)) refuse(name, "its value is not valid UTF-8");
  const auto found = place_of(name);
  const bool known = found != entries_.end() && found->first == name;
  if (!known && size() == kMost) refuse(name, "a job has " + std::to_string(kMost) + " headers at most");
  std::size_t bytes = name.size() + value.size();
  for (const auto& [other, text] : entries_) {
    if (other != name) bytes += other.size() + text.size();
  }
  if (bytes > kMostBytes) {
    refuse(name, "the headers of a job would take " + std::to_string(bytes) + " bytes, and " +
                     std::to_string(kMostBytes) + " is the most: store the data and pass its key");
  }
  if (known) {
    entries_[static_cast<std::size_t>(found - entries_.cbegin())].second = value;
  } else {
    entries_.emplace(found, name, value);
  }
}

bool Headers::erase(std::string_view name) noexcept {
  const auto found = place_of(name);
  if (found == entries_.end() || found->first != name) return false;
  entries_.erase(found);
  return true;
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  const auto found = place_of(name);
  if (found == entries_.end() || found->first != name) return std::nullopt;
  return found->second;
}

/// Where it stands, or would stand.
std::vector<Headers::Entry>::const_iterator Headers::place_of(std::string_view name) const noexcept {
  return std::ranges::lower_bound(entries_, name, {},
                                  [](const Entry& entry) { return std::string_view{entry.first}; });
}

}  // namespace aftercommit
