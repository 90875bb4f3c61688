#include "dashboard/servers_pool.hpp"

#include <exception>
#include <string>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::dashboard {
namespace {

/// What was found away at the first look stays so for these servers, and what they found of settings as well.
constexpr std::chrono::minutes kLongest{5};
constexpr std::chrono::seconds kPatience{5};

}  // namespace

bool tells_of_outage(const Json& document) {
  const auto is_false = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_boolean() && !found->get<bool>();
  };
  return document.is_object() && (is_false("redis_answers") || is_false("databases_answer"));
}

Refusal refusal_of(const std::exception& error) {
  constexpr std::size_t kLongestSentence = 1000;
  int status = 500;
  std::string sentence = detail::first_line(error);
  if (const auto* const ours = dynamic_cast<const Error*>(&error)) {
    sentence = ours->what();
    status = ours->retryable() ? 503 : dynamic_cast<const UsageError*>(ours) != nullptr ? 400 : 502;
  } else if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    sentence = "out of memory";
  }
  return {status, clean_text(sentence, kLongestSentence)};
}

ServersPool::ServersPool(operate::Connections connections) : connections_{std::move(connections)} {
  const operate::Servers servers{connections_};
  aliases_ = servers.app().database_aliases();
  redis_url_ = servers.redis_url();
}

Json ServersPool::use(const std::function<Json(operate::Servers&)>& use) {
  auto kept = take();
  try {
    auto document = use(*kept.servers);
    if (tells_of_outage(document)) kept.servers.reset();
    give_back(std::move(kept));
    return document;
  } catch (const Refusal&) {
    give_back(std::move(kept));
    throw;
  } catch (const std::exception& error) {
    kept.servers.reset();
    give_back(std::move(kept));
    throw refusal_of(error);
  }
}

ServersPool::Kept ServersPool::take() {
  Kept kept;
  {
    std::unique_lock lock{mutex_};
    if (!free_.wait_for(lock, kPatience, [this] { return in_use_ < kMost; })) {
      throw Refusal{503,
                    "the servers are asked so much already that this has to wait: try again in a moment"};
    }
    ++in_use_;
    if (!idle_.empty()) {
      kept = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  try {
    if (kept.servers && Clock::now() - kept.made_at > kLongest) kept.servers.reset();
    if (!kept.servers) kept = {std::make_unique<operate::Servers>(connections_), Clock::now()};
  } catch (const std::exception& error) {
    give_back({});
    throw refusal_of(error);
  }
  return kept;
}

void ServersPool::give_back(Kept kept) {
  {
    const std::scoped_lock lock{mutex_};
    --in_use_;
    if (kept.servers) idle_.push_back(std::move(kept));
  }
  free_.notify_one();
}

}  // namespace aftercommit::dashboard
