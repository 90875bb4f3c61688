/// The coroutine that a flow is, and what it asks of the worker that runs it.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"
#include "aftercommit/retry.hpp"

namespace aftercommit {

class FlowContext;
class Job;
class Transaction;

/// How often a step that fails is tried again, by an error, a time limit or Retry, whose own words come
/// first; what is empty is as the flow's task and call say.
struct StepOptions {
  std::optional<int> max_retries = std::nullopt;
  std::optional<Backoff> backoff = std::nullopt;
};
// g++ 12 destroys an aggregate twice that is written in braces within a co_await.
static_assert(std::is_trivially_destructible_v<StepOptions>);

/// What a flow has done does not go with what its body asks for: the code has changed under it, or comes to
/// other questions by itself.  The flow is a dead letter at once, with all that it has done.
struct AFTERCOMMIT_EXPORT FlowChanged : Error {
  using Error::Error;
};

namespace detail {

class AnyFlow;

/// One thing that a flow asks for: in the frame of the coroutine, as long as it is waited for.
class FlowAsk {
 public:
  enum class Kind : std::uint8_t { kStep, kCall, kProbed, kSleep, kEvent, kChildren, kPages };

  /// What is asked, and nothing of who does it.
  struct What {
    Kind kind;
    std::string name;
    StepOptions options{};
    std::optional<std::chrono::milliseconds> wait{};  ///< of a sleep, or for an event; nothing: for ever
  };

  const What& what() const noexcept { return what_; }
  /// Does it, and gives what is to be kept.  `transaction`: of a kStep.
  virtual nlohmann::json run(Transaction* /*transaction*/) { return nullptr; }
  /// Of a kProbed: what an earlier call has returned; nothing: there was none.
  virtual std::optional<nlohmann::json> probe() { return std::nullopt; }
  /// Throws BadArguments if this is not what the code takes: asked of what others give, before it is kept.
  virtual void check(const nlohmann::json& /*answer*/) const {}

 protected:
  explicit FlowAsk(What what) : what_{std::move(what)} {}
  FlowAsk(FlowAsk&&) = default;
  ~FlowAsk() = default;

 private:
  What what_;
};

/// Whoever runs a flow.  For its thread.
class FlowRunner {
 public:
  /// Nothing: the flow goes no further now, and its coroutine is given up.  Else what was returned or given;
  /// no value in that: an event did not come in time.  Does not throw.
  virtual std::optional<std::optional<nlohmann::json>> answer(FlowAsk& ask) noexcept = 0;
  virtual bool version(const std::string& name) = 0;  ///< see FlowContext::version()
  /// See FlowContext::on_failure().
  virtual void on_failure(const std::string& name, std::function<void(Transaction&)> undo,
                          StepOptions options) = 0;
  virtual void returns(nlohmann::json value) = 0;  ///< what it gives the flow that waits for it
  /// The flow fails with this, whatever its body makes of what is thrown into it, and is given no further
  /// answer.
  virtual void give_up(std::exception_ptr why) noexcept = 0;
  virtual Job& job() = 0;
  virtual void run(Job& job, const std::function<AnyFlow(FlowContext&)>& begin) = 0;
  /// Throws FlowChanged, which the flow is given up with: what is kept under this name is not what the code
  /// takes.
  [[noreturn]] void throw_bad_answer(const std::string& name, const std::exception& error);

 protected:
  ~FlowRunner() = default;
};

template <class T>
inline constexpr bool kIsFlowAwait = false;

/// Owns the frame.
class AnyFlow {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct promise_type {
    AnyFlow get_return_object() { return AnyFlow{Handle::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }
    template <class Await>
    Await&& await_transform(Await&& await) const noexcept {
      static_assert(kIsFlowAwait<std::remove_cvref_t<Await>>,
                    "a flow waits for what its FlowContext gives, flow.step(...) and the others, and nothing "
                    "else: nobody would resume it");
      return std::forward<Await>(await);
    }
    std::exception_ptr error{};
  };

  AnyFlow(AnyFlow&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  AnyFlow& operator=(AnyFlow&&) = delete;
  ~AnyFlow() {
    if (handle_) handle_.destroy();
  }

  /// For the library's own parts: runs it until it has ended or goes no further.
  void resume() const { handle_.resume(); }
  bool done() const noexcept { return handle_.done(); }
  /// What it has thrown; null: nothing.
  const std::exception_ptr& error() const noexcept { return handle_.promise().error; }

 private:
  explicit AnyFlow(Handle handle) noexcept : handle_{handle} {}

  Handle handle_;  // owned; null: moved from
};

/// For the body of `job`; UsageError where nobody keeps what it does.
void run_flow(Job& job, const std::function<AnyFlow(FlowContext&)>& begin);

}  // namespace detail

/// What the body of a flow returns: see FlowContext.
using Flow = detail::AnyFlow;

}  // namespace aftercommit
