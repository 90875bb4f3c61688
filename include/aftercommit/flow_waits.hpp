/// What a flow may wait for, each as the awaitable that its co_await takes.
#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "aftercommit/decode_args.hpp"
#include "aftercommit/flow_body.hpp"
#include "aftercommit/task_args.hpp"

namespace aftercommit::detail {

/// What is kept of a value: texts by any name are texts.
template <class T>
decltype(auto) kept_value(T&& value) {
  if constexpr (std::convertible_to<T, std::string> &&
                !std::same_as<std::remove_cvref_t<T>, nlohmann::json>) {
    return std::string{std::forward<T>(value)};
  } else {
    return std::remove_cvref_t<T>(std::forward<T>(value));
  }
}

template <class Given>
struct KeptType {
  using type = std::remove_cvref_t<decltype(kept_value(std::declval<Given>()))>;
};
template <>
struct KeptType<void> {
  using type = void;
};
template <class Given>
using Kept = typename KeptType<Given>::type;

/// What a call gives, as JSON.
template <class Call>
nlohmann::json kept_json(Call&& call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    std::forward<Call>(call)();
    return nullptr;
  } else {
    return encode_arg(kept_value(std::forward<Call>(call)()));
  }
}

/// One of these is waited for once.  The worker does what is asked in the thread of the flow, which goes on
/// right after, or not at all: so nothing resumes a coroutine but the one call that began it.
template <class R, class Ask = FlowAsk>
class FlowAwait : public Ask {
 public:
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> /*flow*/) noexcept {
    answer_ = runner_.answer(*this);
    return !answer_;
  }
  void check(const nlohmann::json& answer) const override {
    if constexpr (!std::is_void_v<R>) static_cast<void>(decoded(answer));
  }

 protected:
  FlowAwait(FlowRunner& runner, FlowAsk::What what) : Ask{std::move(what)}, runner_{runner} {}
  FlowAwait(FlowAwait&&) = default;
  ~FlowAwait() = default;

  /// nothing: an event did not come in time.
  const std::optional<nlohmann::json>& found() const noexcept { return *answer_; }
  R decoded() const {
    if constexpr (!std::is_void_v<R>) {
      try {
        return decoded(*found());
      } catch (const BadArguments& error) {
        runner_.throw_bad_answer(this->what().name, error);
      }
    }
  }

 private:
  R decoded(const nlohmann::json& answer) const {
    return decode_value<R>(answer, JsonPlace{nullptr, kPlaceOfResult, &this->what().name});
  }

  FlowRunner& runner_;  // not owned, outlives this
  std::optional<std::optional<nlohmann::json>> answer_{};
};

template <class Body>
class StepAwait final : public FlowAwait<Kept<std::invoke_result_t<Body&, Transaction&>>> {
  using R = Kept<std::invoke_result_t<Body&, Transaction&>>;

 public:
  StepAwait(FlowRunner& runner, FlowAsk::What what, Body body)
      : FlowAwait<R>{runner, std::move(what)}, body_{std::move(body)} {}

  R await_resume() const { return this->decoded(); }
  nlohmann::json run(Transaction* transaction) override {
    return kept_json([&]() -> decltype(auto) { return body_(*transaction); });
  }

 private:
  Body body_;
};

struct NoProbe {};

template <class Call, class Probe>
class CallAwait final : public FlowAwait<Kept<std::invoke_result_t<Call&>>> {
  using R = Kept<std::invoke_result_t<Call&>>;

 public:
  CallAwait(FlowRunner& runner, FlowAsk::What what, Call call, Probe probe)
      : FlowAwait<R>{runner, std::move(what)}, call_{std::move(call)}, probe_{std::move(probe)} {}

  R await_resume() const { return this->decoded(); }
  nlohmann::json run(Transaction* /*transaction*/) override {
    return kept_json([&]() -> decltype(auto) { return call_(); });
  }
  std::optional<nlohmann::json> probe() override {
    if constexpr (std::same_as<Probe, NoProbe>) {
      return std::nullopt;
    } else if constexpr (std::is_void_v<R>) {
      static_assert(std::convertible_to<std::invoke_result_t<Probe&>, bool>,
                    "the probe of a call that returns nothing says whether it was made: it returns a bool");
      return probe_() ? std::optional<nlohmann::json>{nullptr} : std::nullopt;
    } else {
      static_assert(std::convertible_to<std::invoke_result_t<Probe&>, std::optional<R>>,
                    "the probe of a call gives a std::optional of what the call returns");
      const std::optional<R> made = probe_();
      return made ? std::optional{encode_arg(*made)} : std::nullopt;
    }
  }

 private:
  Call call_;
  Probe probe_;
};

class SleepAwait final : public FlowAwait<void> {
 public:
  SleepAwait(FlowRunner& runner, What what) : FlowAwait{runner, std::move(what)} {}
  void await_resume() const noexcept {}
};

template <class T, bool kMayBeLate>
class EventAwait final : public FlowAwait<T> {
 public:
  EventAwait(FlowRunner& runner, FlowAsk::What what) : FlowAwait<T>{runner, std::move(what)} {}

  auto await_resume() const {
    if constexpr (!kMayBeLate) {
      return this->decoded();
    } else if constexpr (std::is_void_v<T>) {
      return this->found().has_value();
    } else {
      return this->found() ? std::optional<T>{this->decoded()} : std::nullopt;
    }
  }
};

template <class Body>
inline constexpr bool kIsFlowAwait<StepAwait<Body>> = true;
template <class Call, class Probe>
inline constexpr bool kIsFlowAwait<CallAwait<Call, Probe>> = true;
template <>
inline constexpr bool kIsFlowAwait<SleepAwait> = true;
template <class T, bool kMayBeLate>
inline constexpr bool kIsFlowAwait<EventAwait<T, kMayBeLate>> = true;

}  // namespace aftercommit::detail
