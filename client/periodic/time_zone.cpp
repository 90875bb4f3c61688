#include "client/periodic/time_zone.hpp"

#include <date/tz.h>

#include <exception>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {

using std::chrono::local_seconds;
using std::chrono::sys_seconds;

TimeZone::TimeZone(const std::string& name) {
  if (name == "UTC") return;  // also on a machine without the database
  try {
    zone_ = date::locate_zone(name);
  } catch (const std::exception&) {
    throw ConfigError{"time zone '" + in_one_line(name, 64) +
                      "' is not known on this machine: give a name of the IANA database, such as "
                      "'Europe/Berlin', and install that (package tzdata) where it is missing"};
  }
}

TimeZone::Stretch TimeZone::at(sys_seconds instant) const {
  if (zone_ == nullptr) return {.offset = {}, .end = sys_seconds::max()};
  const auto info = zone_->get_info(instant);
  return {.offset = info.offset, .end = info.end};
}

local_seconds TimeZone::clock_at(sys_seconds instant) const {
  return local_seconds{instant.time_since_epoch() + at(instant).offset};
}

sys_seconds TimeZone::first_instant(local_seconds clock) const {
  if (zone_ == nullptr) return sys_seconds{clock.time_since_epoch()};
  const auto info = zone_->get_info(date::local_seconds{clock.time_since_epoch()});
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return sys_seconds{clock.time_since_epoch() - info.first.offset};  // of two, the earlier
}

}  // namespace aftercommit::detail
