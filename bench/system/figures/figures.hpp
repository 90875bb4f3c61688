/// The figures, each measured once: docs/performance.md says what they mean.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace aftercommit::bench {

using Figure = nlohmann::json (*)(std::int64_t jobs);

nlohmann::json enqueue_one(std::int64_t jobs);
nlohmann::json enqueue_bulk(std::int64_t jobs);
nlohmann::json enqueue_tx_1(std::int64_t jobs);
nlohmann::json enqueue_tx_16(std::int64_t jobs);
nlohmann::json memory(std::int64_t jobs);

nlohmann::json drain(std::int64_t jobs);
nlohmann::json latency(std::int64_t jobs);
nlohmann::json countdown(std::int64_t jobs);
nlohmann::json insert(std::int64_t jobs);
nlohmann::json insert_batch(std::int64_t jobs);

}  // namespace aftercommit::bench
