#include "dashboard/history.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace aftercommit::dashboard {
namespace {

using operate::Json;

Json rounded(std::optional<double> number) {
  if (!number) return nullptr;
  return static_cast<double>(static_cast<std::int64_t>(*number * 100 + 0.5)) / 100;
}

}  // namespace

void History::add(const operate::Glance& glance, Time at) {
  Sample sample{.at = at, .sum = {}, .queues = {}};
  const bool redis = glance.answers.from_all_of_redis();
  const auto seconds =
      last_ ? std::chrono::duration<double>(glance.looked_at - last_->looked_at).count() : 0.0;
  for (const auto& [name, queue] : glance.queues) {
    Point point;
    if (redis) {
      point.depth = queue.redis.ready + queue.redis.delayed + queue.redis.running;
      if (queue.redis.oldest) point.oldest_s = static_cast<double>(queue.redis.oldest->count()) / 1000;
      const auto before = last_ ? last_->queues.find(name) : glance.queues.end();
      const bool twice = last_ && last_->answers.from_all_of_redis() && before != last_->queues.end();
      if (twice && queue.redis.ended && before->second.redis.ended && seconds > 0) {
        const auto ended = *queue.redis.ended - *before->second.redis.ended;
        if (ended >= 0) point.rate = static_cast<double>(ended) / seconds;  // else Redis has lost its count
      }
    }
    point.died = queue.died_lately;
    sample.sum.depth += point.depth;
    sample.sum.died += point.died;
    if (point.rate) sample.sum.rate = sample.sum.rate.value_or(0) + *point.rate;
    sample.sum.oldest_s = std::max(sample.sum.oldest_s, point.oldest_s);
    if (sample.queues.size() < kQueuesKept) sample.queues.emplace(name, point);
  }
  last_ = glance;
  if (!samples_.empty() && at < samples_.back().at) samples_.clear();  // the clock was set back
  if (!samples_.empty() && at - samples_.back().at < kStep) return;
  samples_.push_back(std::move(sample));
  while (samples_.front().at < at - kLength) samples_.pop_front();
}

Json History::series(const std::deque<Sample>& samples, Time since,
                     const std::function<const Point*(const Sample&)>& point) {
  Json rate = Json::array();
  Json oldest = Json::array();
  Json depth = Json::array();
  Json died = Json::array();
  for (const auto& sample : samples) {
    if (sample.at <= since) continue;
    const auto* const here = point(sample);
    rate.push_back(here == nullptr ? Json(nullptr) : rounded(here->rate));
    oldest.push_back(here == nullptr ? Json(nullptr) : rounded(here->oldest_s));
    depth.push_back(here == nullptr ? Json(nullptr) : Json(here->depth));
    died.push_back(here == nullptr ? Json(nullptr) : Json(here->died));
  }
  return {{"rate", std::move(rate)},
          {"oldest_s", std::move(oldest)},
          {"depth", std::move(depth)},
          {"died", std::move(died)}};
}

Json History::in_json(Time since) const {
  Json times = Json::array();
  std::map<std::string, double> busy;
  for (const auto& sample : samples_) {
    for (const auto& [name, point] : sample.queues) {
      busy[name] += point.rate.value_or(0) + static_cast<double>(point.depth + 100 * point.died) / 1000;
    }
    if (sample.at <= since) continue;
    times.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(sample.at.time_since_epoch()).count());
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, much] : busy) order.emplace_back(-much, name);
  std::ranges::sort(order);
  if (order.size() > kQueuesShown) order.resize(kQueuesShown);
  Json queues = Json::object();
  for (const auto& [much, name] : order) {
    queues[name] = series(samples_, since, [&wanted = name](const Sample& sample) -> const Point* {
      const auto found = sample.queues.find(wanted);
      return found == sample.queues.end() ? nullptr : &found->second;
    });
  }
  return {{"times", std::move(times)},
          {"sum", series(samples_, since, [](const Sample& sample) { return &sample.sum; })},
          {"queues", std::move(queues)}};
}

std::optional<double> History::rate(const std::string& queue) const {
  if (samples_.empty()) return {};
  const auto found = samples_.back().queues.find(queue);
  return found == samples_.back().queues.end() ? std::nullopt : found->second.rate;
}

}  // namespace aftercommit::dashboard
