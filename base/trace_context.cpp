/// Reads and writes the headers of W3C Trace Context, and keeps what is open in each thread.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "aftercommit/trace.hpp"

namespace aftercommit {
namespace {

thread_local const TraceContext* open_here = nullptr;

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_hex(std::string_view text) { return text.find_first_not_of(kHexDigits) == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

/// Two digits for each byte.
void write_hex(std::span<const std::uint8_t> bytes, std::span<char> out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kHexDigits[bytes[i] >> 4];
    out[2 * i + 1] = kHexDigits[bytes[i] & 0xF];
  }
}

// The bytes of a new job id: 48 bits of time, then random ones, 62 of them in the second half.
std::array<std::uint8_t, 16> random_bytes() { return JobId::generate().bytes(); }

// --- tracestate

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kMostBytes = 512;
constexpr std::size_t kLongMember = 128;
constexpr std::size_t kLongestPart = 256;  // of a key, and of a value

bool is_key(std::string_view key) {
  const auto begins = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto goes_on = [&](char c) {
    return begins(c) || std::string_view{"_-*/@"}.find(c) != std::string_view::npos;
  };
  return !key.empty() && key.size() <= kLongestPart && begins(key.front()) &&
         std::ranges::all_of(key, goes_on);
}

bool is_value(std::string_view value) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; };
  return !value.empty() && value.size() <= kLongestPart && value.back() != ' ' &&
         std::ranges::all_of(value, printable);
}

bool is_member(std::string_view member) {
  const auto equals = member.find('=');
  return equals != std::string_view::npos && is_key(member.substr(0, equals)) &&
         is_value(member.substr(equals + 1));
}

std::string_view without_spaces(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  return from == std::string_view::npos ? std::string_view{}
                                        : text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

std::size_t bytes_of(const std::vector<std::string_view>& members) {
  std::size_t bytes = 0;
  for (const auto member : members) bytes += member.size() + 1;
  return bytes == 0 ? 0 : bytes - 1;
}

/// Empty where it breaks a rule.
std::string read_tracestate(std::string_view text) {
  std::vector<std::string_view> members;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto member = without_spaces(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (member.empty()) continue;  // is allowed
    if (!is_member(member) || members.size() == kMostMembers) return {};
    members.push_back(member);
  }
  if (bytes_of(members) > kMostBytes)
    std::erase_if(members, [](std::string_view member) { return member.size() > kLongMember; });
  while (bytes_of(members) > kMostBytes) members.pop_back();
  std::string result;
  for (const auto member : members) result.append(result.empty() ? "" : ",").append(member);
  return result;
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent, std::string_view tracestate) {
  constexpr std::size_t kLength = 55;  // of version 00; a later one may go on behind a dash
  if (traceparent.size() < kLength) return std::nullopt;
  const auto version = traceparent.substr(0, 2);
  const auto trace_id = traceparent.substr(3, 32);
  const auto span_id = traceparent.substr(36, 16);
  const auto flags = traceparent.substr(53, 2);
  for (const std::size_t dash : {2U, 35U, 52U}) {
    if (traceparent[dash] != '-') return std::nullopt;
  }
  for (const auto digits : {version, trace_id, span_id, flags}) {
    if (!is_hex(digits)) return std::nullopt;
  }
  if (version == "ff" || is_zero(trace_id) || is_zero(span_id)) return std::nullopt;
  if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return std::nullopt;

  TraceContext context;
  std::ranges::copy(trace_id, context.trace_id_.begin());
  std::ranges::copy(span_id, context.span_id_.begin());
  context.sampled_ = kHexDigits.find(flags[1]) % 2 == 1;
  context.tracestate_ = read_tracestate(tracestate);
  return context;
}

TraceContext TraceContext::generate(bool sampled) {
  TraceContext context;
  write_hex(random_bytes(), context.trace_id_);
  context.sampled_ = sampled;
  return context.child();
}

TraceContext TraceContext::child() const {
  auto context = *this;
  const auto bytes = random_bytes();
  write_hex(std::span{bytes}.subspan(8), context.span_id_);
  return context;
}

const TraceContext* TraceContext::current() noexcept { return open_here; }

std::string TraceContext::traceparent() const {
  std::string text = "00-";
  text.append(trace_id()).append("-").append(span_id()).append(sampled_ ? "-01" : "-00");
  return text;
}

TraceScope::TraceScope(std::optional<TraceContext> context) noexcept
    : context_{std::move(context)}, around_{open_here} {
  open_here = context_ ? &*context_ : nullptr;
}

TraceScope::~TraceScope() { open_here = around_; }

}  // namespace aftercommit
