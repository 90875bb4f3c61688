/// What is asked of all shards, and how their answers are summed up.
#include "broker/shards/sharded_broker.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "broker/contract/shard_entry.hpp"

namespace aftercommit {

ShardedBroker::ShardedBroker(Shards shards) : shards_{std::move(shards)} {
  for (const auto& shard : shards_.all()) {
    brokers_.push_back(make_broker(shard.url));
    intakes_.push_back(intake_of_shard(brokers_.back(), intakes_.size()));
  }
}

void ShardedBroker::is_silent(std::size_t number, const std::string& error) {
  auto& known = silent_[number];
  if (known.empty() || error != kAskedSoon) known = error;
  if (!bears_) throw BrokerUnavailable{"shard '" + shards_.at(number).name + "' does not answer: " + known};
}

void ShardedBroker::require_an_answer(std::size_t answered) const {
  if (answered > 0) return;
  std::string sentence = "no shard of the broker answers:";
  for (const auto& [number, error] : silent_)
    sentence += " '" + shards_.at(number).name + "': " + error + ';';
  sentence.back() = '.';
  throw BrokerUnavailable{sentence};
}

std::vector<SilentShard> ShardedBroker::take_silent_shards() {
  std::vector<SilentShard> all;
  for (const auto& [number, error] : std::exchange(silent_, {}))
    all.push_back({shards_.at(number).name, error});
  return all;
}

bool ShardedBroker::is_in_process() const {
  return std::ranges::all_of(brokers_, [](const auto& broker) { return broker->is_in_process(); });
}

// --- Jobs in hand.

std::vector<Fetched> ShardedBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                          std::size_t count, Millis wait) {
  constexpr Millis kSlice{10};  // which one shard is waited for, before the others are looked at again
  const auto deadline =
      std::chrono::steady_clock::now() + std::clamp<Millis>(wait, Millis{0}, std::chrono::hours{1});
  std::vector<Fetched> found;
  for (bool last = false; found.empty() && !last;) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    last = left <= Millis{0};
    ++turn_;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < brokers_.size() && found.size() < count; ++i) {
      const auto number = (turn_ + i) % brokers_.size();
      const auto patience =
          i + 1 == brokers_.size() && found.empty() ? std::clamp(left, Millis{0}, kSlice) : Millis{0};
      const auto fetch = [&](std::size_t, Broker&) {
        std::ranges::move(intakes_[number]->fetch(worker, queues, count - found.size(), patience),
                          std::back_inserter(found));
      };
      answered += one(number, fetch) ? 1 : 0;
    }
    require_an_answer(answered);
  }
  return found;
}

namespace {

/// The places of those whose entries name this shard.
std::vector<std::size_t> places_in(std::size_t shard, const auto& all, auto entry_of) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (ShardEntry::parse(entry_of(all[i])).shard == shard) places.push_back(i);
  }
  return places;
}

}  // namespace

/// Of a shard that does not answer nothing has been settled: it is to be asked for again.
std::vector<Settled> ShardedBroker::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  std::vector<Settled> answers(settlements.size(), Settled::kRefused);
  for (std::size_t number = 0; number < brokers_.size(); ++number) {
    const auto places = places_in(number, settlements, [](const Settlement& one) { return one.entry; });
    if (places.empty()) continue;
    one(number, [&](std::size_t, Broker&) {
      std::vector<Settlement> own;
      for (const auto place : places) own.push_back(settlements[place]);
      const auto said = intakes_[number]->settle(worker, own);
      for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = said[i];
    });
  }
  return answers;
}

std::vector<Fetched> ShardedBroker::held_by(const WorkerId& worker, const Queue& queue,
                                            std::span<const std::string> entries) {
  std::vector<Fetched> found;
  for (std::size_t number = 0; number < brokers_.size(); ++number) {
    const auto places = places_in(number, entries, [](const std::string& entry) { return entry; });
    if (places.empty()) continue;
    one(number, [&](std::size_t, Broker&) {
      std::vector<std::string> own;
      for (const auto place : places) own.push_back(entries[place]);
      std::ranges::move(intakes_[number]->held_by(worker, queue, own), std::back_inserter(found));
    });
  }
  return found;
}

// --- Jobs that wait.

Promotion ShardedBroker::promote(std::span<const Queue> queues, std::size_t limit) {
  Promotion all;
  each([&](std::size_t, Broker& broker) {
    const auto one = broker.promote(queues, limit);
    all.promoted += one.promoted;
    if (one.next_due) all.next_due = std::min(all.next_due.value_or(*one.next_due), *one.next_due);
  });
  return all;
}

/// A sign of the others is missed.
bool ShardedBroker::await_schedule(std::span<const Queue> queues, Millis timeout) {
  constexpr Millis kLongest{50};
  return brokers_.front()->await_schedule(queues, std::min(timeout, kLongest));
}

namespace {

void add_aside(std::vector<AsideJobs>& all, std::vector<AsideJobs> some) {
  for (auto& one : some) {
    const auto known = std::ranges::find_if(
        all, [&](const AsideJobs& other) { return other.queue == one.queue && other.reason == one.reason; });
    if (known == all.end()) {
      all.push_back(std::move(one));
    } else {
      known->jobs += one.jobs;
    }
  }
}

void in_order_of(std::span<const Queue> queues, std::vector<AsideJobs>& all) {
  std::ranges::stable_sort(
      all, {}, [&](const AsideJobs& one) { return std::ranges::find(queues, one.queue) - queues.begin(); });
}

}  // namespace

std::vector<AsideJobs> ShardedBroker::aside(std::span<const Queue> queues) {
  std::vector<AsideJobs> all;
  each([&](std::size_t, Broker& broker) { add_aside(all, broker.aside(queues)); });
  in_order_of(queues, all);
  return all;
}

std::vector<AsideJobs> ShardedBroker::limited(std::span<const Queue> queues, std::size_t some) {
  const auto share = std::max<std::size_t>(some / brokers_.size(), 1);
  std::vector<AsideJobs> all;
  each([&](std::size_t, Broker& broker) {
    auto found = broker.limited(queues, share);
    std::ranges::move(found, std::back_inserter(all));  // a reason may be named twice
  });
  in_order_of(queues, all);
  return all;
}

/// Of each shard in turn first, so that none waits for the others' to end.
std::size_t ShardedBroker::bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                      bool all) {
  std::size_t back = 0;
  const auto first = turn_++;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < brokers_.size() && back < limit; ++i) {
    answered +=
        one((first + i) % brokers_.size(),
            [&](std::size_t, Broker& broker) { back += broker.bring_back(queue, reason, limit - back, all); })
            ? 1
            : 0;
  }
  require_an_answer(answered);
  return back;
}

// --- Leases.

std::vector<Lease> ShardedBroker::renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                              Millis lease) {
  std::vector<Lease> all(queues.size(), Lease::kHeld);
  each([&](std::size_t, Broker& broker) {
    const auto found = broker.renew_lease(worker, queues, lease);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (found[i] == Lease::kLapsed || (found[i] == Lease::kNew && all[i] == Lease::kHeld))
        all[i] = found[i];
    }
  });
  return all;
}

void ShardedBroker::report(const WorkerId& worker, const Queue& queue, const std::string& text, Millis time) {
  each([&](std::size_t, Broker& broker) { broker.report(worker, queue, text, time); });
}

/// Their marks name the shard, as recover() takes them.
std::vector<LeaseView> ShardedBroker::leases(std::span<const Queue> queues, Millis lease) {
  std::vector<LeaseView> all;
  each([&](std::size_t number, Broker& broker) {
    for (auto& view : broker.leases(queues, lease)) {
      view.mark = ShardEntry{number, view.mark}.str();
      all.push_back(std::move(view));
    }
  });
  return all;
}

std::size_t ShardedBroker::recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                                   const std::string& mark) {
  std::size_t back = 0;
  std::size_t answered = 0;
  const auto named = ShardEntry::parse(mark);
  for (std::size_t i = 0; i < brokers_.size(); ++i) {
    if (!mark.empty() && named.shard != i) continue;
    answered += one(i,
                    [&](std::size_t, Broker& broker) {
                      back += broker.recover(worker, queues, limit, std::string{named.entry});
                    })
                    ? 1
                    : 0;
  }
  require_an_answer(answered);
  return back;
}

void ShardedBroker::retire(const WorkerId& worker, std::span<const Queue> queues) {
  each([&](std::size_t, Broker& broker) { broker.retire(worker, queues); });
}

// --- What is said of queues: to all shards, so that each knows as much as any other.

std::vector<std::vector<HomeFinding>> ShardedBroker::claim_home(const HomeClaim& claim,
                                                                std::span<const Queue> queues) {
  std::vector<std::vector<HomeFinding>> all(queues.size());
  each([&](std::size_t, Broker& broker) {
    const auto found = broker.claim_home(claim, queues);
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::ranges::copy_if(found[i], std::back_inserter(all[i]), [&](const HomeFinding& finding) {
        return std::ranges::find(all[i], finding) == all[i].end();
      });
    }
  });
  return all;
}

std::vector<HomeDatabase> ShardedBroker::home_of(const Queue& queue) {
  std::map<std::string, HomeDatabase> by_alias;
  each([&](std::size_t, Broker& broker) {
    for (auto& home : broker.home_of(queue)) by_alias.try_emplace(home.alias, home);
  });
  std::vector<HomeDatabase> all;
  for (auto& [alias, home] : by_alias) all.push_back(std::move(home));
  return all;
}

void ShardedBroker::declare_queues(std::span<const DeclaredQueue> declared, Millis time) {
  each([&](std::size_t, Broker& broker) { broker.declare_queues(declared, time); });
}

bool ShardedBroker::pause(const Queue& queue) {
  return of_all([&](Broker& broker) { return broker.pause(queue); });
}

bool ShardedBroker::resume(const Queue& queue) {
  return of_all([&](Broker& broker) { return broker.resume(queue); });
}

/// Where one fails the others have done it all the same: a queue is paused where one of them says so.
bool ShardedBroker::of_all(const std::function<bool(Broker&)>& change) {
  bool changed = false;
  std::exception_ptr failure;
  for (const auto& broker : brokers_) {
    try {
      changed = change(*broker) || changed;
    } catch (const Error&) {
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return changed;
}

std::vector<Pauses::Since> ShardedBroker::paused_since(std::span<const Queue> queues) {
  std::vector<Since> all(queues.size());
  each([&](std::size_t, Broker& broker) {
    const auto found = broker.paused_since(queues);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (found[i]) all[i] = std::min(all[i].value_or(*found[i]), *found[i]);
    }
  });
  return all;
}

// --- Relays.

std::vector<RelayPart> ShardedBroker::relay_parts() {
  std::vector<RelayPart> parts;
  for (std::size_t i = 0; i < brokers_.size(); ++i) {
    if (bears_ && silent_.contains(i)) continue;
    parts.push_back({*brokers_[i], shards_.share_of(i)});
  }
  return parts;
}

std::vector<std::string> ShardedBroker::relay_cursors(std::string_view /*source*/,
                                                      std::span<const Queue> /*queues*/) {
  throw UsageError{"each shard has cursors of its own: ask its part"};
}

bool ShardedBroker::relay(const RelayStep& /*step*/) {
  throw UsageError{"a step of a relay is of one shard: give it to its part"};
}

std::vector<std::string> ShardedBroker::relay_sources(const Queue& queue) {
  std::set<std::string> all;
  each([&](std::size_t, Broker& broker) {
    all.merge([&] {
      const auto sources = broker.relay_sources(queue);
      return std::set<std::string>{sources.begin(), sources.end()};
    }());
  });
  return {all.begin(), all.end()};
}

void ShardedBroker::forget_relay_sources(const Queue& queue, std::span<const std::string> sources) {
  each([&](std::size_t, Broker& broker) { broker.forget_relay_sources(queue, sources); });
}

std::vector<bool> ShardedBroker::has_durable(const Queue& queue, std::span<const JobId> jobs) {
  std::vector<bool> all(jobs.size());
  each([&](std::size_t, Broker& broker) {
    const auto found = broker.has_durable(queue, jobs);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = all[i] || found[i];
  });
  return all;
}

// --- At the start.

std::vector<std::string> ShardedBroker::check() {
  struct Finding {
    std::vector<std::string> warnings{};
    std::exception_ptr trouble{};
  };
  std::vector<Finding> findings(brokers_.size());
  const auto look = [&](std::size_t number) {
    auto& state = *shards_.at(number).state;
    if (!state.may_be_asked()) {
      findings[number].trouble = std::make_exception_ptr(BrokerUnavailable{std::string{kAskedSoon}});
      return;
    }
    try {
      findings[number].warnings = brokers_[number]->check();
      state.answered();
    } catch (const BrokerUnavailable&) {
      state.failed();
      findings[number].trouble = std::current_exception();
    } catch (...) {
      findings[number].trouble = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < brokers_.size(); ++i) {
    try {
      others.emplace_back([&look, i] { look(i); });
    } catch (const std::system_error&) {
      look(i);  // no thread to be had: one after the other
    }
  }
  look(0);
  others.clear();

  std::vector<std::string> warnings;
  std::size_t answered = 0;
  silent_.clear();
  for (std::size_t i = 0; i < findings.size(); ++i) {
    auto& [said, trouble] = findings[i];
    for (auto& warning : said) {  // shards may be in one server
      if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(std::move(warning));
    }
    try {
      if (trouble) std::rethrow_exception(trouble);
      ++answered;
    } catch (const BrokerUnavailable& error) {
      silent_[i] = error.what();
      warnings.push_back("shard '" + shards_.at(i).name + "' does not answer: " + error.what());
    }
  }
  require_an_answer(answered);
  return warnings;
}

}  // namespace aftercommit
