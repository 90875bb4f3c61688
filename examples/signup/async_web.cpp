/// The web app once more, by coroutines of Boost.Beast: one thread for all connections, which waits for none
/// of their transactions.
// clang-format off: awaitable.hpp of Boost 1.74 wants this one before it
#include <utility>
// clang-format on

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "aftercommit/asio.hpp"
#include "signup.hpp"
#include "tasks.hpp"

namespace signup {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;
using Tcp = net::ip::tcp;

struct BadRequest : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Response answer(http::status status, const nlohmann::json& body) {
  Response response{status, 11};
  response.set(http::field::content_type, "application/json");
  response.body() = body.dump() + "\n";
  return response;
}

/// In a transaction, and in a thread that may wait: ordinary code.
Response handle(Request& request) {
  const std::string target{request.target()};
  if (request.method() != http::verb::post || (target != "/signup" && target != "/signup-fail")) {
    return answer(http::status::not_found, {{"error", "there is POST /signup, and GET /health"}});
  }
  const auto form = nlohmann::json::parse(request.body(), nullptr, false);
  if (!form.is_object() || !form.contains("email") || !form["email"].is_string()) {
    throw BadRequest{R"(give an address: {"email": "..."})"};
  }
  const long user = sign_up(form["email"].get<std::string>());
  // From 500 on it is rolled back, with the user and his tasks.
  if (target == "/signup-fail") return answer(http::status::internal_server_error, {{"error", "on purpose"}});
  return answer(http::status::created, {{"user", user}});
}

class Server {
 public:
  explicit Server(aftercommit::BlockingPool& pool) : pool_{pool} {}

  net::awaitable<void> accept(Tcp::acceptor& acceptor) {
    for (;;) {
      boost::system::error_code failed;
      auto socket = co_await acceptor.async_accept(net::redirect_error(net::use_awaitable, failed));
      if (failed) {  // one that has gone already, or too many open files: the next may do
        net::steady_timer pause{acceptor.get_executor(), std::chrono::milliseconds{100}};
        co_await pause.async_wait(net::use_awaitable);
        continue;
      }
      net::co_spawn(acceptor.get_executor(), serve(boost::beast::tcp_stream{std::move(socket)}),
                    net::detached);
    }
  }

 private:
  net::awaitable<void> serve(boost::beast::tcp_stream stream) {
    boost::beast::flat_buffer buffer;
    for (bool open = true; open;) {
      Request request;
      boost::system::error_code ended;
      stream.expires_after(std::chrono::seconds{30});
      co_await http::async_read(stream, buffer, request, net::redirect_error(net::use_awaitable, ended));
      if (ended) co_return;
      open = request.keep_alive();
      auto response = co_await respond(std::move(request));
      response.keep_alive(open);
      response.prepare_payload();
      stream.expires_after(std::chrono::seconds{30});
      co_await http::async_write(stream, response, net::redirect_error(net::use_awaitable, ended));
      if (ended) co_return;
    }
    stream.socket().shutdown(Tcp::socket::shutdown_send);
  }

  net::awaitable<Response> respond(Request request) {
    try {
      if (request.method() == http::verb::get && request.target() == "/health") {
        // Not in a transaction around it, which would take a second connection.
        co_await aftercommit::async_run(pool_, [] { app.database().check(); });
        co_return answer(http::status::ok, {{"status", "ok"}});
      }
      co_return co_await aftercommit::async_atomic_request(pool_, requests_, handle, std::move(request));
    } catch (const BadRequest& error) {
      co_return answer(http::status::bad_request, {{"error", error.what()}});
    } catch (const aftercommit::DatabaseUnavailable& error) {  // PoolExhausted among them: too many at once
      co_return answer(http::status::service_unavailable, {{"error", error.what()}});
    } catch (const std::exception& error) {
      co_return answer(http::status::internal_server_error, {{"error", error.what()}});
    }
  }

  aftercommit::BlockingPool& pool_;  // not owned, outlives this
  const aftercommit::AtomicRequests requests_{app};
};

int run(int argc, const char* const* argv) {
  cxxopts::Options options{
      "signup_async_web",
      "The signup example of aftercommit, by coroutines. Takes REDIS_URL and DATABASE_URL."};
  options.add_options()                                                                              //
      ("host", "address to listen on", cxxopts::value<std::string>()->default_value("127.0.0.1"))    //
      ("port", "port to listen on; 0: any", cxxopts::value<std::uint16_t>()->default_value("8081"))  //
      ("threads", "transactions at a time", cxxopts::value<std::size_t>()->default_value("10"))      //
      ("h,help", "this text");
  const auto given = options.parse(argc, argv);
  if (given.count("help") > 0) {
    std::cout << options.help();
    return 0;
  }
  const auto threads = given["threads"].as<std::size_t>();
  app.configure({.databases = {{"default", {.pool_size = threads, .atomic_requests = true}}}});
  app.database().check();

  net::io_context io{1};
  aftercommit::BlockingPool pool{app.database()};  // below the context, so that it is gone before that
  Server server{pool};
  Tcp::acceptor acceptor{
      io, {net::ip::make_address(given["host"].as<std::string>()), given["port"].as<std::uint16_t>()}};
  net::co_spawn(io, server.accept(acceptor), net::detached);
  net::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](auto, auto) { io.stop(); });
  std::cout << "signup_async_web: http://" << acceptor.local_endpoint() << std::endl;
  io.run();
  return 0;
}

}  // namespace
}  // namespace signup

int main(int argc, char** argv) {
  try {
    return signup::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "signup_async_web: " << error.what() << '\n';
    return 1;
  }
}
