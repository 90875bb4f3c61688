/// Transactions in programs of Boost.Asio: `co_await async_atomic(pool, database, body)`.
///
/// For Boost.Asio of Boost 1.74 and later; with AFTERCOMMIT_STANDALONE_ASIO defined for asio 1.18 and later,
/// without Boost.  The library is not linked to either, and finds neither: they are the program's.
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <variant>

#if defined(AFTERCOMMIT_STANDALONE_ASIO)
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION >= 101900
#include <asio/associated_cancellation_slot.hpp>
#define AFTERCOMMIT_ASIO_CANCELS
#endif
#else
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/version.hpp>
#include <boost/system/system_error.hpp>
#if BOOST_ASIO_VERSION >= 101900
#include <boost/asio/associated_cancellation_slot.hpp>
#define AFTERCOMMIT_ASIO_CANCELS
#endif
#endif

#include "aftercommit/blocking_pool.hpp"
#include "aftercommit/database.hpp"
#include "aftercommit/http.hpp"
#include "aftercommit/trace.hpp"

namespace aftercommit {

// Another one for each Asio, since a program may have both.
#if defined(AFTERCOMMIT_STANDALONE_ASIO)
inline namespace with_standalone_asio {
namespace detail_asio {
namespace net = ::asio;
using SystemError = ::asio::system_error;
}  // namespace detail_asio
#else
inline namespace with_boost_asio {
namespace detail_asio {
namespace net = ::boost::asio;
using SystemError = ::boost::system::system_error;
}  // namespace detail_asio
#endif

namespace detail_asio {

template <class Run>
using ResultOf = std::decay_t<std::invoke_result_t<Run&>>;

/// What is asked for, and who is told of it: one allocation.
template <class Handler, class Run>
class Work final : public detail::PoolWork {
 public:
  using Result = ResultOf<Run>;

  Work(Handler handler, Run run)
      : guard_{net::make_work_guard(handler)}, handler_{std::move(handler)}, run_{std::move(run)} {
    if (const auto* const open = TraceContext::current()) trace_ = *open;
  }

  void run() noexcept override {
    try {
      const TraceScope trace{std::move(trace_)};
      if constexpr (std::is_void_v<Result>) {
        (*run_)();
      } else {
        result_.emplace((*run_)());
      }
    } catch (...) {
      failure_ = detail::ending_of_work(std::current_exception());
    }
    run_.reset();  // what it has captured is gone before anybody is told
  }

  void refuse(std::exception_ptr why) noexcept override {
    failure_ = std::move(why);
    run_.reset();
  }

  void complete() noexcept override {
    const auto executor = guard_.get_executor();
    // The guard goes along, so that the context runs until then.
    net::post(executor, [guard = std::move(guard_), handler = std::move(handler_),
                         failure = std::move(failure_), result = std::move(result_)]() mutable {
#if defined(AFTERCOMMIT_ASIO_CANCELS)
      if (auto slot = net::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
#endif
      if constexpr (std::is_void_v<Result>) {
        std::move(handler)(std::move(failure));
      } else if (result) {
        std::move(handler)(std::move(failure), std::move(*result));
      } else {
        std::move(handler)(std::move(failure), Result{});
      }
    });
  }

  std::exception_ptr cancelled(bool stopped) noexcept override {
    return std::make_exception_ptr(
        SystemError{net::error::operation_aborted,
                    stopped ? "the BlockingPool has been stopped" : "cancelled before it was committed"});
  }

 private:
  using Executor = net::associated_executor_t<Handler>;

  net::executor_work_guard<Executor> guard_;
  Handler handler_;
  std::optional<Run> run_;
  std::optional<TraceContext> trace_{};
  std::exception_ptr failure_{};
  std::optional<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>> result_{};
};

struct Initiate {
  template <class Handler, class Run>
  void operator()(Handler&& handler, BlockingPool* pool, std::stop_token stop, Run run) const {
    const auto ticket = pool->ticket(stop);
#if defined(AFTERCOMMIT_ASIO_CANCELS)
    if (auto slot = net::get_associated_cancellation_slot(handler); slot.is_connected()) {
      slot.assign([ticket](net::cancellation_type type) {
        if (type != net::cancellation_type::none) ticket.cancel();
      });
    }
#endif
    pool->submit(ticket, std::make_unique<Work<std::decay_t<Handler>, Run>>(std::forward<Handler>(handler),
                                                                            std::move(run)));
  }
};

template <class Result>
struct Signature {
  static_assert(std::is_default_constructible_v<Result>,
                "Asio hands on a result beside the exception, and needs one where there is none: let the "
                "body return a std::optional or a std::unique_ptr of this type");
  using Type = void(std::exception_ptr, Result);
};
template <>
struct Signature<void> {
  using Type = void(std::exception_ptr);
};

/// Whatever a body gives back: it is to be committed now.
template <class Call>
auto until_commit(const Call& call) {
  detail::work_waits_to_commit();
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    detail::begin_commit_of_work();
  } else {
    auto result = call();
    detail::begin_commit_of_work();
    return result;
  }
}

template <class Run, class Token>
auto initiate(BlockingPool& pool, std::stop_token stop, Run run, Token&& token) {
  using Completion = typename Signature<ResultOf<Run>>::Type;
  return net::async_initiate<Token, Completion>(Initiate{}, token, &pool, std::move(stop), std::move(run));
}

}  // namespace detail_asio

/// Runs in a transaction: takes a Transaction& or nothing.
template <class Body>
concept TransactionBody = std::invocable < std::decay_t<Body>
&, Transaction& > || std::invocable<std::decay_t<Body>&>;

struct AsyncAtomicOptions {
  AtomicOptions atomic = {};
  std::stop_token stop = {};  ///< cancels as Asio's own cancellation does, and where that is not to be had
};

/// Runs `body` in a thread of `pool`, and completes with what it returned, or threw.  As any asynchronous
/// operation of Asio's, with any completion token; with none it is to be awaited:
///   const long id = co_await async_run(pool, [&] { return count_users(); });
/// The signature is void(std::exception_ptr, Result), void(std::exception_ptr) for none: an rvalue of
/// `Result` that is movable and default constructible, which it is where the exception is not null.
///
/// Completes on the executor that is associated with the handler, never within this call nor in the pool's
/// thread; where none is associated, on Asio's system executor.  That has work until then, so that
/// io_context::run() does not return.  What `body` captures is moved along, and destroyed before the
/// completion; what it refers to has to live until then, also where that is cancelled.
///
/// Completes with PoolExhausted, where the pool has too much to do; with the system_error of
/// asio::error::operation_aborted where it was cancelled, or the pool stopped; `body` has not run then, or
/// not to its end, or nothing of its transaction stands.  Cancelled is, by `stop` or by Asio's cancellation
/// slot (of Boost 1.77 and later, all types, of which a coroutine passes only `terminal` on unless it asks
/// for others): see BlockingPool.  It may come at a COMMIT of `body`, or while its hooks run: what `body` has
/// committed before stands, hooks that use a database are cut short as well, and a COMMIT that is cut is
/// CommitInDoubt.  async_atomic() knows better.
///
/// g++ 12 destroys twice what a lambda owns that is written within an expression of co_await (a string or a
/// unique_ptr captured by value): give such a lambda a name before, and move it in.
///
/// A TraceScope that is open in the calling thread counts in `body` as well.  `pool` outlives the operation.
template <class Body, class Token = detail_asio::net::use_awaitable_t<>>
requires std::invocable < std::decay_t<Body>
& > auto async_run(BlockingPool& pool, std::stop_token stop, Body&& body, Token&& token = {}) {
  return detail_asio::initiate(pool, std::move(stop), std::decay_t<Body>(std::forward<Body>(body)),
                               std::forward<Token>(token));
}
template <class Body, class Token = detail_asio::net::use_awaitable_t<>>
requires std::invocable < std::decay_t<Body>
& > auto async_run(BlockingPool& pool, Body&& body, Token&& token = {}) {
  return async_run(pool, std::stop_token{}, std::forward<Body>(body), std::forward<Token>(token));
}

/// Database::atomic as an asynchronous operation: all that is said there and of async_run() holds.
///   const long id = co_await async_atomic(pool, database, [&](Transaction& tx) {
///     const long made = insert_user(tx, email);
///     send_welcome_mail.delay(made);
///     return made;
///   });
/// `body` is ordinary code in one thread: blocks within it nest, the jobs that it asks for and its hooks wait
/// for the commit, and have been sent and run before the completion.  It waits for the other operations of
/// the pool neither directly nor by a lock that they hold, else all threads may come to wait for each other.
///
/// Cancelled before `body` has returned it is rolled back; from then on COMMIT is sent, and its outcome
/// stands: the cancel is not heard, though Asio may tell it to a coroutine that awaits something else next.
/// That is of this block; what `body` does in other databases is as with async_run().
template <TransactionBody Body, class Token = detail_asio::net::use_awaitable_t<>>
auto async_atomic(BlockingPool& pool, Database& database, const AsyncAtomicOptions& options, Body&& body,
                  Token&& token = {}) {
  auto run = [&database, atomic = options.atomic, body = std::forward<Body>(body)]() mutable {
    return database.atomic(atomic, [&body](Transaction& transaction) {
      const auto call = [&] {
        if constexpr (std::invocable<std::decay_t<Body>&, Transaction&>) {
          return std::invoke(body, transaction);
        } else {
          return std::invoke(body);
        }
      };
      return detail_asio::until_commit(call);
    });
  };
  return detail_asio::initiate(pool, options.stop, std::move(run), std::forward<Token>(token));
}
template <TransactionBody Body, class Token = detail_asio::net::use_awaitable_t<>>
auto async_atomic(BlockingPool& pool, Database& database, Body&& body, Token&& token = {}) {
  return async_atomic(pool, database, AsyncAtomicOptions{}, std::forward<Body>(body),
                      std::forward<Token>(token));
}

/// `requests(handler)(request)` as an asynchronous operation: AtomicRequests around one request.
///   auto response = co_await async_atomic_request(pool, requests, sign_up, std::move(request));
/// The handler takes a Request& and returns its response, of Boost.Beast or any with a status (see
/// AtomicRequests), which rolls back from 500 to 599 on.  It is ordinary code in one thread, and takes care
/// that all of the request is there, and all of the response, since what is read or written later is outside
/// of the transaction.  Otherwise as async_atomic().
template <class Handler, class Request, class Token = detail_asio::net::use_awaitable_t<>>
requires std::invocable < std::decay_t<Handler>
&, std::decay_t<Request>& > auto async_atomic_request(BlockingPool& pool, const AtomicRequests& requests,
                                                      std::stop_token stop, Handler&& handler,
                                                      Request&& request, Token&& token = {}) {
  auto run = [requests, handler = std::forward<Handler>(handler),
              request = std::forward<Request>(request)]() mutable {
    const auto wrapped = requests([&handler](std::decay_t<Request>& given) {
      return detail_asio::until_commit([&] { return std::invoke(handler, given); });
    });
    return wrapped(request);
  };
  return detail_asio::initiate(pool, std::move(stop), std::move(run), std::forward<Token>(token));
}
template <class Handler, class Request, class Token = detail_asio::net::use_awaitable_t<>>
requires std::invocable < std::decay_t<Handler>
&, std::decay_t<Request>& > auto async_atomic_request(BlockingPool& pool, const AtomicRequests& requests,
                                                      Handler&& handler, Request&& request,
                                                      Token&& token = {}) {
  return async_atomic_request(pool, requests, std::stop_token{}, std::forward<Handler>(handler),
                              std::forward<Request>(request), std::forward<Token>(token));
}

}  // namespace
}  // namespace aftercommit

#undef AFTERCOMMIT_ASIO_CANCELS
