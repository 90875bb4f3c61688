// Who may ask the dashboard for what, over HTTP, and what nobody can make of it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/text/base64.hpp"
#include "dashboard/guesses.hpp"
#include "dashboard_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class DashboardOverHttp : public support::DashboardTest {
 protected:
  int status(const httplib::Result& result) const { return result ? result->status : 0; }

  /// Bytes as they are, over a connection of its own; what comes back until it is closed.
  std::string raw(const std::string& request) const {
    const int wire = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(wire, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    for (std::size_t sent = 0; sent < request.size();) {
      const auto count = ::send(wire, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;  // it has heard enough
      sent += static_cast<std::size_t>(count);
    }
    std::string answer;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::recv(wire, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
    ::close(wire);
    return answer;
  }
};

TEST_F(DashboardOverHttp, SendsItsPagesWithAPolicyThatRunsNothingOfOthers) {
  serve();
  for (const char* path : {"/", "/jobs?task=x", "/dead", "/job?id=1", "/app.js", "/style.css", "/icon.svg"}) {
    const auto page = get(path);
    ASSERT_EQ(status(page), 200) << path;
    const auto policy = page->get_header_value("Content-Security-Policy");
    EXPECT_THAT(policy,
                AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
                      HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe")),
                      HasSubstr("require-trusted-types-for 'script'"), HasSubstr("trusted-types 'none'")));
    EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  }
  EXPECT_EQ(get("/")->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(get("/")->body, Not(HasSubstr("<script>")));
  const auto etag = get("/app.js")->get_header_value("ETag");
  EXPECT_EQ(status(get("/app.js", {{"If-None-Match", etag}})), 304);
  EXPECT_EQ(status(get("/../../etc/passwd")), 404);
  EXPECT_EQ(status(get("/api/nothing")), 404);
  EXPECT_EQ(get("/api/queues")->get_header_value("Cache-Control"), "no-store");
}

TEST_F(DashboardOverHttp, StaysBelowItsPrefix) {
  serve({.prefix = "/ops/jobs"});
  EXPECT_EQ(status(get("/ops/jobs/")), 200);
  EXPECT_EQ(status(get("/ops/jobs/api/about")), 200);
  EXPECT_EQ(status(get("/ops/jobs/dead")), 200);
  const auto without_slash = get("/ops/jobs");
  EXPECT_EQ(status(without_slash), 308);
  EXPECT_EQ(without_slash->get_header_value("Location"), "/ops/jobs/");
  for (const char* path : {"/", "/api/about", "/ops/jobsapi/about", "/ops"})
    EXPECT_EQ(status(get(path)), 404) << path;
  // Whatever the prefix is, all addresses within the pages are relative to it.
  EXPECT_THAT(get("/ops/jobs/")->body, AllOf(HasSubstr("src=\"app.js\""), Not(HasSubstr("=\"/"))));
}

TEST_F(DashboardOverHttp, IsRefusedToOthersThanThisMachineWithoutASecret) {
  std::string refusal;
  try {
    const dashboard::Dashboard server{{.host = "0.0.0.0", .port = 0}, shop()};
  } catch (const UsageError& error) {
    refusal = error.what();
  }
  EXPECT_THAT(refusal, AllOf(HasSubstr("--token-file"), HasSubstr("TLS")));
  const auto tokens = file("0123456789abcdef0123\n");
  const dashboard::Dashboard server{{.host = "0.0.0.0", .port = 0, .token_file = tokens}, shop()};
  EXPECT_GT(server.port(), 0);
  EXPECT_THROW((dashboard::Dashboard{{.port = 0, .token_file = tokens, .basic_auth_file = tokens}, shop()}),
               UsageError);
}

TEST_F(DashboardOverHttp, AsksForATokenWhichBecomesACookieOfTheApiAlone) {
  serve({.token_file = file("ann:0123456789abcdef0123\nben:reads-0123456789abcdef:read\n")});
  EXPECT_EQ(status(get("/")), 200);  // holds no data, and asks for the token
  EXPECT_EQ(status(get("/api/queues")), 401);
  EXPECT_EQ(status(get("/api/queues", {{"Authorization", "Bearer wrong"}})), 401);
  EXPECT_EQ(status(get("/api/queues", {{"Authorization", "Bearer 0123456789abcdef0123"}})), 200);
  EXPECT_EQ(status(post("/api/session", {{"token", "wrong"}})), 401);

  const auto signed_in = post("/api/session", {{"token", "0123456789abcdef0123"}});
  ASSERT_EQ(status(signed_in), 200);
  const auto cookie = signed_in->get_header_value("Set-Cookie");
  EXPECT_THAT(cookie, AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict"), Not(HasSubstr("Path"))));
  const httplib::Headers with_cookie{{"Cookie", cookie.substr(0, cookie.find(';'))}};
  EXPECT_EQ(json_of(get("/api/about", with_cookie)).at("user"), "ann");
  auto headers = change_headers();
  headers.insert(*with_cookie.begin());
  EXPECT_EQ(status(post("/api/session/end", json::object(), headers)), 200);
  EXPECT_EQ(status(get("/api/about", with_cookie)), 401);

  auto reader = change_headers();
  reader.emplace("Authorization", "Bearer reads-0123456789abcdef");
  const auto refused = post("/api/queues/pause", {{"queue", "mail"}}, reader);
  EXPECT_EQ(status(refused), 403);
  EXPECT_THAT(refused->body, HasSubstr("'ben' may look"));
}

TEST_F(DashboardOverHttp, AsksForNamesAndPasswordsBeforeItsPagesToo) {
  serve({.basic_auth_file = file("ann:secret-of-ann\n")});
  const auto stranger = get("/");
  EXPECT_EQ(status(stranger), 401);
  EXPECT_THAT(stranger->get_header_value("WWW-Authenticate"), StartsWith("Basic"));
  const httplib::Headers ann{{"Authorization", "Basic " + to_base64("ann:secret-of-ann")}};
  EXPECT_EQ(status(get("/", ann)), 200);
  EXPECT_EQ(json_of(get("/api/about", ann)).at("user"), "ann");
  EXPECT_EQ(status(get("/", {{"Authorization", "Basic " + to_base64("ann:secret-of-bob")}})), 401);
}

TEST_F(DashboardOverHttp, LooksAtAFewWrongTokensOfAnAddressAndThenAtNoneAndLetsOthersIn) {
  const json right{{"token", "0123456789abcdef0123"}};
  const httplib::Headers ann{{"Authorization", "Bearer 0123456789abcdef0123"}};
  serve({.token_file = file("ann:0123456789abcdef0123\n")});
  const auto cookie = post("/api/session", right)->get_header_value("Set-Cookie");
  std::vector<std::string> lines;
  std::mutex mutex;
  set_log_handler([&](const LogEvent& event) {
    std::string line{event.message};
    for (const auto& [name, value] : event.fields) line.append(" ").append(name).append("=").append(value);
    const std::scoped_lock lock{mutex};
    lines.push_back(line);
  });
  for (int i = 0; i < dashboard::Guesses::kMost; ++i) {
    const auto guess = "guess-" + std::to_string(i) + "-abcdef";
    EXPECT_EQ(i % 2 == 0 ? status(get("/api/queues", {{"Authorization", "Bearer " + guess}}))
                         : status(post("/api/session", {{"token", guess}})),
              401);
  }
  const auto refused = get("/api/queues", {{"Authorization", "Bearer guess-again-abcdef"}});
  ASSERT_EQ(status(refused), 429);
  EXPECT_THAT(std::stoi(refused->get_header_value("Retry-After")),
              AllOf(::testing::Ge(1), ::testing::Le(60)));
  EXPECT_EQ(status(get("/api/queues", ann)), 429);  // else it would tell that this one is right
  EXPECT_EQ(status(post("/api/session", right)), 429);
  set_log_handler({});
  EXPECT_THAT(lines, ::testing::Contains(AllOf(HasSubstr("too many wrong"), HasSubstr("from=127.0.0.1"))));
  EXPECT_THAT(lines, ::testing::Each(Not(HasSubstr("guess"))));

  EXPECT_EQ(status(get("/api/queues", {{"Cookie", cookie.substr(0, cookie.find(';'))}})), 200);
  httplib::Client elsewhere{"127.0.0.1", port()};
  elsewhere.set_interface("127.0.0.2");
  EXPECT_EQ(status(elsewhere.Get("/api/queues", ann)), 200);
  auto by_proxy = ann;
  by_proxy.emplace("X-Forwarded-For", "10.0.0.7");
  EXPECT_EQ(status(get("/api/queues", by_proxy)), 200);
}

TEST_F(DashboardOverHttp, LooksAtAFewWrongPasswordsOfAnAddressAndThenAtNone) {
  serve({.basic_auth_file = file("ann:secret-of-ann\n")});
  const httplib::Headers wrong{{"Authorization", "Basic " + to_base64("ann:secret-of-bob")}};
  for (int i = 0; i < dashboard::Guesses::kMost; ++i) EXPECT_EQ(status(get("/", wrong)), 401);
  EXPECT_EQ(status(get("/")), 401) << "without a password it is no guess";
  EXPECT_EQ(status(get("/", {{"Authorization", "Basic " + to_base64("ann:secret-of-ann")}})), 429);
}

TEST_F(DashboardOverHttp, ChangesNothingForPagesOfOthersNorWhereItOnlyShows) {
  serve();
  const json mail{{"queue", "mail"}};
  EXPECT_EQ(status(post("/api/queues/pause", mail, {})), 403);
  EXPECT_EQ(status(post("/api/queues/pause", mail,
                        {{"X-Aftercommit", "1"}, {"Origin", "http://evil.example.org"}})),
            403);
  auto rebound = change_headers();
  rebound.emplace("Host", "evil.example.org");
  EXPECT_EQ(status(post("/api/queues/pause", mail, rebound)), 421);
  EXPECT_EQ(status(get("/api/queues", {{"Host", "evil.example.org"}})), 421);
  EXPECT_EQ(status(get("/api/queues/pause")), 405);
  EXPECT_EQ(json_of(post("/api/queues/pause", mail)).at("changed"), true);
  serve({.read_only = true});
  const auto refused = post("/api/queues/resume", mail);
  EXPECT_EQ(status(refused), 403);
  EXPECT_THAT(refused->body, HasSubstr("--read-only"));
  EXPECT_EQ(json_of(get("/api/about")).at("may_change"), false);
}

TEST_F(DashboardOverHttp, TakesNoRequestThatIsTooLong) {
  serve();
  const std::string many(200'000, 'x');
  EXPECT_THAT(raw("GET /" + many), Not(HasSubstr("200 OK")));
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + many), Not(HasSubstr("200 OK")));
  EXPECT_THAT(
      raw("GET /" + std::string(2000, 'x') + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      HasSubstr(" 414 "));
  std::string headers;
  for (int i = 0; i < 5000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n"), Not(HasSubstr("200 OK")));
  const auto large = post("/api/queues/pause", {{"queue", std::string(100'000, 'x')}});
  EXPECT_TRUE(!large || large->status == 413) << large->status;
  EXPECT_EQ(status(post("/api/queues/pause", json::array({1}))), 400);
  EXPECT_EQ(status(get("/api/about")), 200);  // it serves on
}

TEST_F(DashboardOverHttp, TakesNoBodyForTheNextRequest) {
  serve();
  // Refused before its body is read, which would be a request of its own on the same connection.
  const auto answer =
      raw("POST /api/queues/pause HTTP/1.1\r\nHost: evil.example.org\r\nContent-Length: 62\r\n\r\n"
          "GET /api/about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr(" 421 "), Not(HasSubstr("200 OK"))));
  // What cannot be read as a request ends the connection, so that its rest is no request either.
  EXPECT_THAT(raw("nonsense\r\nGET /api/about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              AllOf(HasSubstr(" 400 "), Not(HasSubstr("200 OK"))));
}

TEST_F(DashboardOverHttp, EndsAtASignalThoughConnectionsAreOpen) {
  support::WorkerProcess command{{AFTERCOMMIT_CLI, "dashboard", "--listen", "127.0.0.1:0"}, environment()};
  ASSERT_TRUE(support::eventually(
      [&] { return command.output().find("until this is stopped") != std::string::npos; }));
  const auto output = command.output();
  const std::string before = "127.0.0.1:";
  httplib::Client client{"127.0.0.1", std::stoi(output.substr(output.find(before) + before.size()))};
  client.set_keep_alive(true);
  EXPECT_EQ(status(client.Get("/api/about")), 200);
  command.signal(SIGTERM);
  EXPECT_EQ(command.exit_code(), 0);
}

TEST_F(DashboardOverHttp, AnswersThoughManyConnectionsSayNothing) {
  serve();
  std::vector<int> silent;
  for (int i = 0; i < 40; ++i) {  // three times as many as there are threads
    silent.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(silent.back(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  httplib::Client client{"127.0.0.1", port()};
  client.set_read_timeout(std::chrono::seconds{20});
  EXPECT_EQ(status(client.Get("/api/about")), 200);
  for (const int wire : silent) ::close(wire);
}

}  // namespace
}  // namespace aftercommit
