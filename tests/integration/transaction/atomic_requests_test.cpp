/// A transaction around each HTTP handler, with plain callables and with a real server.  As Django's
/// ATOMIC_REQUESTS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/http.hpp"
#include "broker/envelope/trace_field.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using Ids = std::vector<long>;

struct Response {
  int status = 200;
};

/// As httplib::Request has it.
struct TracedRequest {
  std::string traceparent;
  std::string get_header_value(const std::string& name) const {
    return name == "traceparent" ? traceparent : "";
  }
};

class AtomicRequestsTest : public support::Payments, public ::testing::Test {
 protected:
  AtomicRequestsTest()
      : Payments{{.databases = {{"default", {.atomic_requests = true}},
                                {"reports", {.atomic_requests = true}},
                                {"logs", {}}}}} {}

  /// Pays 1 on "default", 2 on "reports" and writes 3 on "logs".
  void pay_everywhere() {
    database.exec("INSERT INTO payment VALUES (1)");
    app.database("reports").exec("INSERT INTO payment VALUES (2)");
    app.database("logs").exec("INSERT INTO payment VALUES (3)");
    receipt.apply_async({.database = "default"}, 1);
    receipt.apply_async({.database = "reports"}, 2);
  }

  const AtomicRequests atomic{app};
};

class AHandler : public AtomicRequestsTest {
 protected:
  void expect_all() {
    EXPECT_EQ(committed_rows(), (Ids{1, 2, 3}));
    EXPECT_EQ(jobs(), (Ids{1, 2}));
  }
  void expect_only_what_was_never_in_a_block() {
    EXPECT_EQ(committed_rows(), (Ids{3}));
    EXPECT_EQ(jobs(), Ids{});
  }
};

TEST_F(AHandler, RunsInABlockOnEachDatabaseThatAsksForItAndItsJobsGoOutAfterTheCommit) {  // P1, P2
  const auto handler = atomic([&](const std::string& request, Response& response) {
    EXPECT_EQ(request, "request");
    EXPECT_TRUE(database.in_atomic_block());
    EXPECT_TRUE(app.database("reports").in_atomic_block());
    EXPECT_FALSE(app.database("logs").in_atomic_block());
    pay_everywhere();
    EXPECT_EQ(committed_rows(), (Ids{3}));
    EXPECT_EQ(jobs(), Ids{});
    response.status = 201;
  });
  Response response;
  handler("request", response);
  EXPECT_EQ(response.status, 201);
  expect_all();
}

TEST_F(AHandler, ThatThrowsIsRolledBackAndItsExceptionGoesOn) {  // P1
  EXPECT_THROW(atomic([&] {
                 pay_everywhere();
                 throw Deliberate{};
               })(),
               Deliberate);
  expect_only_what_was_never_in_a_block();
}

TEST_F(AHandler, ThatAnswersA5xxThroughAnArgumentIsRolledBack) {  // P1
  for (const int status : {500, 503, 599}) {
    Response response;
    atomic([&](Response& answer) {
      database.exec("INSERT INTO payment VALUES (1)");
      receipt.apply_async({.database = "default"}, 1);
      answer.status = status;
    })(response);
    EXPECT_EQ(committed_rows(), Ids{}) << status;
  }
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(AHandler, ThatReturnsA5xxIsRolledBackAndItsResultHandedOn) {  // P1
  const auto result = atomic([&] {
    pay_everywhere();
    return Response{502};
  })();
  EXPECT_EQ(result.status, 502);
  expect_only_what_was_never_in_a_block();
}

TEST_F(AHandler, ThatAnswersAnythingElseIsCommitted) {  // P1
  long id = 0;
  for (const int status : {200, 302, 404, 499, 600}) {
    Response response;
    atomic([&](Response& answer) {
      database.exec("INSERT INTO payment VALUES ($1)", ++id);
      answer.status = status;
    })(response);
  }
  EXPECT_EQ(committed_rows(), (Ids{1, 2, 3, 4, 5}));
}

TEST_F(AHandler, IsInTheTraceOfItsRequestUnlessOneIsOpen) {
  const auto asked = TraceContext::generate();
  const auto handler = atomic([&](const TracedRequest&, Response&) {
    receipt.apply_async({.database = "default"}, 1);
    return TraceContext::current() != nullptr ? TraceContext::current()->traceparent() : "none";
  });
  Response response;
  EXPECT_EQ(handler(TracedRequest{asked.traceparent()}, response), asked.traceparent());
  EXPECT_EQ(TraceContext::current(), nullptr);
  std::vector<Envelope> arrived;
  ASSERT_TRUE(support::eventually([&] {
    arrived = take_arrived();
    return !arrived.empty();
  }));
  EXPECT_EQ(trace_of(arrived[0]), asked);

  EXPECT_EQ(handler(TracedRequest{"not valid"}, response), "none");
  const auto open = TraceContext::generate();
  const TraceScope scope{open};
  EXPECT_EQ(handler(TracedRequest{asked.traceparent()}, response), open.traceparent());
}

TEST_F(AHandler, HandsOnResultsOfAnyKindAlsoThoseThatCanOnlyBeMoved) {
  EXPECT_EQ(atomic([](int a, int b) { return a + b; })(3, 4), 7);
  EXPECT_EQ(*atomic([](std::unique_ptr<int> number) { return number; })(std::make_unique<int>(7)), 7);
}

TEST_F(AHandler, ThatSwallowsADatabaseErrorIsRolledBackAndSaysSo) {  // P1
  EXPECT_THROW(atomic([&] {
                 database.exec("INSERT INTO payment VALUES (1)");
                 EXPECT_THROW(database.exec("INSERT INTO payment VALUES (1)"), pqxx::unique_violation);
               })(),
               TransactionManagementError);
  EXPECT_EQ(committed_rows(), Ids{});
}

TEST_F(AHandler, ThatSwallowsADatabaseErrorAndAnswersA5xxIsRolledBackQuietly) {  // P1
  EXPECT_EQ(atomic([&] {
              EXPECT_ANY_THROW(database.exec("SELECT no_such_column"));
              return Response{500};
            })()
                .status,
            500);
}

TEST_F(AHandler, ThatIsExemptHasNoTransaction) {
  EXPECT_THROW(atomic(NonAtomicRequests{},
                      [&] {
                        EXPECT_FALSE(database.in_atomic_block());
                        pay_everywhere();
                        throw Deliberate{};
                      })(),
               Deliberate);
  expect_all();
}

TEST_F(AHandler, ThatIsExemptForOneAliasKeepsTheOthers) {  // P1
  EXPECT_THROW(atomic(NonAtomicRequests{{"reports"}},
                      [&] {
                        EXPECT_TRUE(database.in_atomic_block());
                        EXPECT_FALSE(app.database("reports").in_atomic_block());
                        pay_everywhere();
                        throw Deliberate{};
                      })(),
               Deliberate);
  EXPECT_EQ(committed_rows(), (Ids{2, 3}));
  EXPECT_EQ(jobs(), (Ids{2}));
}

TEST_F(AHandler, RollsBackTheOtherDatabasesIfTheFirstCommitFails) {  // P1
  outside("CREATE TABLE refund (payment bigint REFERENCES payment DEFERRABLE INITIALLY DEFERRED)");
  EXPECT_THROW(atomic([&] {
                 database.exec("INSERT INTO payment VALUES (1)");
                 app.database("reports").exec("INSERT INTO refund VALUES (7)");
               })(),
               pqxx::foreign_key_violation);
  EXPECT_EQ(committed_rows(), Ids{});
}

TEST_F(AHandler, CommitsTheOtherDatabasesAlthoughAHookOfOneThrows) {  // P1
  EXPECT_THROW(atomic([&] {
                 pay_everywhere();
                 app.database("reports").on_commit([] { throw Deliberate{}; });
               })(),
               Deliberate);
  expect_all();
}

TEST_F(AHandler, MayBeWrappedBeforeTheAppIsConfigured) {
  App late{"late"};
  bool in_block = false;
  const auto handler = AtomicRequests{late}([&] { in_block = late.database().in_atomic_block(); });
  late.configure({.redis_url = "memory://late",
                  .databases = {{"default", {.url = schema().url(), .atomic_requests = true}}}});
  handler();
  EXPECT_TRUE(in_block);
}

class AWebServer : public AtomicRequestsTest {
 protected:
  AWebServer() {
    server_.Post("/pay", atomic([this](const httplib::Request& request, httplib::Response& response) {
                   const long id = std::stol(request.body);
                   database.exec("INSERT INTO payment VALUES ($1)", id);
                   receipt.apply_async({.database = "default"}, id);
                   if (id >= 1000) throw Deliberate{};
                   response.status = static_cast<int>(id);
                 }));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread{[this] { server_.listen_after_bind(); }};
    EXPECT_TRUE(support::eventually([this] { return server_.is_running(); }));
  }
  ~AWebServer() override { server_.stop(); }

  int status_of_paying(long id) {
    const auto answer = httplib::Client{"127.0.0.1", port_}.Post("/pay", std::to_string(id), "text/plain");
    return answer ? answer->status : 0;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

/// Of a server that keeps its status to itself.
class Answer {
 public:
  explicit Answer(int code) : code_{code} {}
  friend int http_status(const Answer& answer) { return answer.code_; }

 private:
  int code_;
};

TEST_F(AHandler, RollsBackOnTheStatusThatAFunctionBesideTheTypeTells) {
  const auto handler = atomic([&](int code) {
    pay_everywhere();
    return Answer{code};
  });
  handler(500);
  expect_only_what_was_never_in_a_block();
}

TEST_F(AWebServer, CommitsOnSuccessAndOn4xxAndRollsBackOn5xxAndOnAnException) {  // P1
  EXPECT_EQ(status_of_paying(200), 200);
  EXPECT_EQ(status_of_paying(404), 404);
  EXPECT_EQ(status_of_paying(503), 503);
  EXPECT_EQ(status_of_paying(1000), 500);
  EXPECT_EQ(committed_rows(), (Ids{200, 404}));
  EXPECT_EQ(jobs(), (Ids{200, 404}));
}

TEST_F(AWebServer, AnswersManyRequestsAtOnceEachInATransactionOfItsOwn) {  // P1
  constexpr long kFirst = 600;
  {
    std::vector<std::jthread> clients;
    for (long client = 0; client < 4; ++client) {
      clients.emplace_back([this, client] {
        for (long i = 0; i < 10; ++i) {
          const long id = kFirst + client * 10 + i;
          EXPECT_EQ(status_of_paying(i % 2 == 0 ? id : id + 1000), i % 2 == 0 ? id : 500);
        }
      });
    }
  }
  Ids expected;
  for (long id = kFirst; id < kFirst + 40; id += 2) expected.push_back(id);
  EXPECT_EQ(committed_rows(), expected);
  EXPECT_EQ(jobs(), expected);
}

}  // namespace
}  // namespace aftercommit
