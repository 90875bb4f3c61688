#include "operate/look.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>

#include "client/postgres/pqxx_compat.hpp"

namespace aftercommit::operate {

std::vector<Queue> queues_of(Browsing& redis, const LookBounds& bounds) {
  return bounds.queues ? *bounds.queues : redis.queues();
}

void look_briefly(Database& database, std::chrono::milliseconds longest, const std::function<void()>& body) {
  constexpr const char* kCanceled = "57014";
  const auto ms = std::to_string(std::max<std::int64_t>(longest.count(), 1));
  try {
    database.atomic({.read_only = true}, [&] {
      database.exec("SET LOCAL statement_timeout = " + ms);
      body();
    });
  } catch (const std::exception& error) {
    if (detail::sqlstate_of(error) != kCanceled) throw;
    throw TooSlow{"database '" + database.alias() + "' was at one statement for longer than " + ms +
                  " ms, and was told to leave it; ask for less, or later"};
  }
}

}  // namespace aftercommit::operate
