/// Texts that travel with a job beside its arguments.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aftercommit {

/// A small map from names to texts, such as the tenant of a job: the application's own, the library puts
/// nothing there.  In the order of the names, whose case counts.  As the headers of Celery.
///
/// A name has 1 to 64 of a-z A-Z 0-9 _ . - and a value is any text in UTF-8; there are 64 at most, which take
/// 4096 bytes in all, names and values together.  So a Headers can be sent with every job.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;

  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kMostBytes = 4096;

  Headers() = default;
  /// {{"tenant", "blue"}, {"locale", "de"}}.  UsageError as set(), and for a name that stands there twice.
  Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> entries);

  /// Adds one, or gives it another value.  UsageError, which says why, where that breaks the rules above:
  /// then nothing has changed.
  void set(std::string_view name, std::string_view value);
  /// False if there was none.
  bool erase(std::string_view name) noexcept;

  /// Nothing if there is none; else valid until the next change.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return get(name).has_value(); }

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Entry>::const_iterator place_of(std::string_view name) const noexcept;

  std::vector<Entry> entries_;  // by name
};

}  // namespace aftercommit
