/// The web app: the same signup, safe and naive, with its tasks asked for inside the transaction.
#include <httplib.h>
#include <pthread.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "aftercommit/http.hpp"
#include "orders.hpp"
#include "signup.hpp"
#include "tasks.hpp"

namespace signup {
namespace {

using httplib::Request;
using httplib::Response;
using Handler = httplib::Server::Handler;

struct BadRequest : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void answer(Response& response, int status, const nlohmann::json& body) {
  response.status = status;
  response.set_content(body.dump() + "\n", "application/json");
}

std::string email_of(const Request& request) {
  auto email = request.get_param_value("email");
  if (email.empty()) throw BadRequest{"give an address: email=..."};
  return email;
}

/// POST /signup
void safe_signup(const Request& request, Response& response) {
  answer(response, 201, {{"user", sign_up(email_of(request))}});
}

/// POST /signup-naive
void naive_signup(const Request& request, Response& response) {
  answer(response, 201, {{"user", sign_up_naively(email_of(request))}});
}

/// POST /order
void order(const Request& request, Response& response) {
  const auto item = request.get_param_value("item");
  if (item.empty()) throw BadRequest{"say what: item=..."};
  const auto placed = place_order(item);
  answer(response, 201, {{"order", placed.id}, {"flow", placed.flow}});
}

/// POST /approve
void approve(const Request& request, Response& response) {
  const auto by = request.get_param_value("by");
  const auto id = request.get_param_value("order");
  if (by.empty() || id.empty() || id.size() > 18 || id.find_first_not_of("0123456789") != std::string::npos) {
    throw BadRequest{"say which and who: order=7&by=..."};
  }
  const auto outcome = approve_order(std::stol(id), by);
  if (outcome.empty()) throw BadRequest{"there is no order " + id};
  answer(response, 200, {{"approval", outcome}});
}

/// The same handler, but something goes wrong after it.
Handler then_fail(const Handler& handler) {
  return [handler](const Request& request, Response& response) {
    handler(request, response);
    throw std::runtime_error{"something went wrong at the end of the request"};
  };
}

void report_stats(const Request&, Response& response) {
  const auto stats =
      app.database().exec("SELECT jsonb_object_agg(kind, to_jsonb(summary) - 'kind') FROM summary");
  response.set_content(stats[0][0].as<std::string>() + "\n", "application/json");
}

void report_health(const Request&, Response& response) {
  app.database().check();
  answer(response, 200, {{"status", "ok"}});
}

/// Called when a handler has thrown and its transaction is rolled back, so this INSERT commits by itself.
void note_failure(const Request& request, const std::string& reason) {
  try {
    app.database().exec("INSERT INTO failed_request(path, reason) VALUES ($1, $2)", request.path, reason);
  } catch (const std::exception& error) {
    std::cerr << "signup_web: cannot note a failed request: " << error.what() << '\n';
  }
}

void answer_failure(const Request& request, Response& response, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const BadRequest& error) {
    answer(response, 400, {{"error", error.what()}});
  } catch (const aftercommit::DatabaseUnavailable& error) {
    answer(response, 503, {{"error", error.what()}});
  } catch (const std::exception& error) {
    note_failure(request, error.what());
    answer(response, 500, {{"error", error.what()}});
  }
}

void add_routes(httplib::Server& server) {
  // A transaction around the whole request.  The block inside the handler becomes a savepoint of it, and what
  // the handler asked for waits for the outermost COMMIT, which never comes here.
  const aftercommit::AtomicRequests atomic{app};

  server.Post("/signup", safe_signup);
  server.Post("/signup-naive", naive_signup);
  server.Post("/signup-fail", atomic(then_fail(safe_signup)));
  server.Post("/signup-naive-fail", atomic(then_fail(naive_signup)));
  server.Post("/order", order);
  server.Post("/approve", approve);
  server.Get("/stats", report_stats);
  server.Get("/health", report_health);
  server.set_exception_handler(answer_failure);
}

/// Serves until SIGINT or SIGTERM.
void serve(httplib::Server& server) {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);  // for the threads made from here on, too

  const std::jthread serving{[&] { server.listen_after_bind(); }};
  int signal = 0;
  sigwait(&stop_signals, &signal);
  while (!server.is_running()) std::this_thread::yield();  // stop() is of no effect before
  server.stop();
}

int run(int argc, const char* const* argv) {
  cxxopts::Options options{"signup_web",
                           "The signup example of aftercommit. Takes REDIS_URL and DATABASE_URL."};
  options.add_options()                                                                              //
      ("host", "address to listen on", cxxopts::value<std::string>()->default_value("127.0.0.1"))    //
      ("port", "port to listen on", cxxopts::value<int>()->default_value("8080"))                    //
      ("threads", "requests handled at a time", cxxopts::value<std::size_t>()->default_value("32"))  //
      ("h,help", "this text");
  const auto given = options.parse(argc, argv);
  if (given.count("help") > 0) {
    std::cout << options.help();
    return 0;
  }
  const auto host = given["host"].as<std::string>();
  const auto port = given["port"].as<int>();
  const auto threads = given["threads"].as<std::size_t>();

  // Each request holds one connection while its transaction is open.
  app.configure({.databases = {{"default", {.pool_size = threads, .atomic_requests = true}}}});
  app.database().check();

  httplib::Server server;
  server.new_task_queue = [threads] { return new httplib::ThreadPool{threads}; };
  server.set_socket_options(
      [](int socket) {  // without SO_REUSEPORT: two servers would share the port, unnoticed
        const int on = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      });
  add_routes(server);
  if (!server.bind_to_port(host, port)) {
    throw std::runtime_error{"cannot listen on " + host + ":" + std::to_string(port) +
                             ": in use, or not allowed"};
  }
  std::cout << "signup_web: http://" << host << ':' << port << std::endl;
  serve(server);
  return 0;
}

}  // namespace
}  // namespace signup

int main(int argc, char** argv) {
  try {
    return signup::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "signup_web: " << error.what() << '\n';
    return 1;
  }
}
