/// What a broker calls those who use it.
#pragma once

#include <chrono>
#include <string>

namespace aftercommit {

/// Unique for each start of a worker process: a host name alone is not an id.
using WorkerId = std::string;
using Queue = std::string;
using Millis = std::chrono::milliseconds;

}  // namespace aftercommit
