// Instants as other languages write them.
#include "base/iso_time.hpp"

#include <gtest/gtest.h>

namespace aftercommit {
namespace {

/// In ms since 1970; -1: it is none.
long long iso_ms(std::string_view text) {
  const auto time = parse_iso_time(text);
  return time ? static_cast<long long>(time->time_since_epoch().count()) : -1;
}

TEST(IsoTime, IsReadInEachFormThatPythonWrites) {
  constexpr long long kNoon = 1'709'208'000'000;  // 29 February 2024, 12:00 UTC
  for (const char* const text :
       {"2024-02-29T12:00:00+00:00", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00", "2024-02-29 12:00:00",
        "2024-02-29T14:00:00+02:00", "2024-02-29T14:00:00+0200", "2024-02-29T14:00:00+02",
        "2024-02-29T08:30:00-03:30", "2024-02-29T12:00:00.000000+00:00"}) {
    EXPECT_EQ(iso_ms(text), kNoon) << text;
  }
  EXPECT_EQ(iso_ms("2024-02-29T12:00:00.25"), kNoon + 250);
  EXPECT_EQ(iso_ms("2024-02-29T12:00:00.250001Z"), kNoon + 251) << "nothing is due early";
  EXPECT_EQ(iso_ms("9999-12-31T23:59:59Z"), 253'402'300'799'000);
}

TEST(IsoTime, IsNothingElse) {
  for (const char* const text :
       {"", "soon", "2024-02-29", "2024-02-30T12:00:00", "2024-13-01T12:00:00", "2024-02-29T24:00:00",
        "2024-02-29T12:60:00", "2024-02-29T12:00:61", "2024-02-29T12:00", "2024-02-29T12:00:00.",
        "2024-02-29T12:00:00+", "2024-02-29T12:00:00+2", "2024-02-29T12:00:00+02:",
        "2024-02-29T12:00:00+24:00", "2024-02-29T12:00:00 UTC", "2024-02-29T12:00:00Z ", "1709208000"}) {
    EXPECT_EQ(iso_ms(text), -1) << text;
  }
}

}  // namespace
}  // namespace aftercommit
