/// What Redis can do for a program that does nothing else.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace aftercommit::bench {

/// A stream of jobs like ours, and the one who reads it.
inline constexpr const char* kStream = "ac:{default}:stream";
inline constexpr const char* kGroup = "workers";
inline constexpr const char* kConsumer = "limit";

/// A job as it travels: the bytes that every limit moves.
std::string payload(bool durable);

/// Adds N entries, each waited for, or in pipelines of 1,000.
nlohmann::json enqueue_one(std::int64_t jobs);
nlohmann::json enqueue_bulk(std::int64_t jobs);
/// Reads N entries and settles them, 100 at a time.
nlohmann::json drain(std::int64_t jobs);
/// From before XADD until the entry has come out of another connection's blocking read.
nlohmann::json latency(std::int64_t jobs);

}  // namespace aftercommit::bench
