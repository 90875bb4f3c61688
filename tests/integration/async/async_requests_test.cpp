/// ATOMIC_REQUESTS in servers of Boost.Beast.
#include <gtest/gtest.h>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "async_fixture.hpp"
#include "broker/envelope/trace_field.hpp"

namespace aftercommit {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

class AsyncRequest : public support::Payments, public ::testing::Test {
 protected:
  AsyncRequest() : Payments{{.databases = {{"default", {.atomic_requests = true}}}}} {}

  /// Asks for payment `body`, which is answered with `status`, and its response.
  Response answer_to(Request request) {
    Response response;
    net::co_spawn(
        io,
        [&]() -> net::awaitable<void> {
          response = co_await async_atomic_request(pool, requests, handler_, std::move(request));
        },
        [](std::exception_ptr failure) {
          if (failure) std::rethrow_exception(failure);
        });
    io.restart();
    io.run();
    return response;
  }

  Request paying(long id, unsigned status) {
    Request request{http::verb::post, "/pay", 11};
    request.body() = std::to_string(id);
    request.set("status", std::to_string(status));
    return request;
  }

  net::io_context io;
  BlockingPool pool{database};
  const AtomicRequests requests{app};
  std::stop_source stop;

 private:
  Response pay_by(Request& request) {
    EXPECT_TRUE(database.in_atomic_block());
    pay(std::stol(request.body()));
    const auto status = request["status"];
    if (status == "0") throw support::Deliberate{};
    return Response{static_cast<http::status>(std::stoi(std::string{status.data(), status.size()})), 11};
  }
  const std::function<Response(Request&)> handler_ = [this](Request& request) { return pay_by(request); };
};

TEST_F(AsyncRequest, IsCommittedWithItsJobs) {  // P1, P2
  EXPECT_EQ(answer_to(paying(1, 201)).result_int(), 201U);
  EXPECT_EQ(answer_to(paying(2, 404)).result_int(), 404U);
  expect_paid({1, 2});
}

TEST_F(AsyncRequest, ThatIsAnsweredWithAServersErrorIsRolledBack) {  // P1
  EXPECT_EQ(answer_to(paying(1, 500)).result_int(), 500U);
  EXPECT_EQ(answer_to(paying(2, 599)).result_int(), 599U);
  expect_paid({});
}

TEST_F(AsyncRequest, ThatThrowsIsRolledBackAndItsExceptionGoesOn) {  // P1
  EXPECT_THROW(answer_to(paying(1, 0)), support::Deliberate);
  expect_paid({});
}

TEST_F(AsyncRequest, HasItsTraceCarriedOnByItsJobs) {
  const auto asked = TraceContext::generate();
  auto request = paying(1, 201);
  request.set("traceparent", asked.traceparent());
  answer_to(std::move(request));
  std::vector<Envelope> arrived;
  ASSERT_TRUE(support::eventually([&] {
    arrived = take_arrived();
    return !arrived.empty();
  }));
  EXPECT_EQ(trace_of(arrived[0]), asked);
}

TEST_F(AsyncRequest, ThatIsCancelledIsRolledBack) {  // P1
  std::exception_ptr ending;
  async_atomic_request(
      pool, requests, stop.get_token(),
      [&](Request& request) {
        pay(std::stol(request.body()));
        stop.request_stop();
        return Response{http::status::created, 11};
      },
      paying(1, 201),
      net::bind_executor(io, [&](std::exception_ptr failure, Response) { ending = failure; }));
  io.run();
  EXPECT_THROW(std::rethrow_exception(ending), boost::system::system_error);
  expect_paid({});
}

}  // namespace
}  // namespace aftercommit
