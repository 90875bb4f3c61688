/// What a retry policy may say, checked where it is given rather than by the worker that reads it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "aftercommit/retry.hpp"

namespace aftercommit::detail {

/// Throws UsageError, naming the task and what is wrong.
void check_retry_policy(std::string_view task, std::optional<int> max_retries,
                        const std::optional<Backoff>& backoff,
                        std::optional<std::chrono::milliseconds> retry_for = std::nullopt);

}  // namespace aftercommit::detail
