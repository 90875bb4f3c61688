/// Load for the web app, then a table of what became of it: sends signups, waits for their tasks, judges the
/// promise.
#include <httplib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kDeadline = 60s;     // for the tasks to end
constexpr auto kAfterthought = 1s;  // for tasks to show up that never should

/// One way to sign up, and how the web app answers it.
struct Route {
  const char* path;
  int status;
};
constexpr std::array<Route, 4> kRoutes{
    {{"/signup", 201}, {"/signup-naive", 201}, {"/signup-fail", 500}, {"/signup-naive-fail", 500}}};

struct Answers {
  std::atomic<long> safely_in{0};  // 201 to /signup: these users were told that they are in
  std::atomic<long> unexpected{0};
};

void note_answer(const Route& route, const httplib::Result& result, Answers& answers) {
  if (result && result->status == route.status) {
    if (&route == &kRoutes[0]) ++answers.safely_in;
  } else if (++answers.unexpected == 1) {  // one tells enough
    std::cerr << "POST " << route.path << ": "
              << (result ? std::to_string(result->status) + ' ' + result->body : to_string(result.error()))
              << '\n';
  }
}

void send(const std::string& url, int requests, int threads, Answers& answers) {
  std::atomic<int> next{0};
  std::vector<std::jthread> senders;  // joined on return
  for (int thread = 0; thread < threads; ++thread) {
    senders.emplace_back([&] {
      httplib::Client client{url};
      for (int i = next++; i < requests; i = next++) {
        const Route& route = kRoutes[static_cast<std::size_t>(i) % kRoutes.size()];
        const httplib::Params form{{"email", "user" + std::to_string(i) + "@example.org"}};
        note_answer(route, client.Post(route.path, form), answers);
      }
    });
  }
}

/// What the databases hold, as {"naive": {...}, "safe": {...}}: the view `summary` in schema.sql.
json fetch_stats(const std::string& url) {
  const auto result = httplib::Client{url}.Get("/stats");
  if (!result) throw std::runtime_error{"no answer from " + url + "/stats: " + to_string(result.error())};
  if (result->status != 200) throw std::runtime_error{url + "/stats answers " + result->body};
  return json::parse(result->body);
}

long count(const json& stats, const char* kind, const char* name) { return stats[kind][name].get<long>(); }

/// The tasks that must still run, by what they do; empty when all have.
std::map<std::string, long> missing_tasks(const json& stats) {
  const long safe = count(stats, "safe", "committed");
  const long naive = count(stats, "naive", "committed") + count(stats, "naive", "rolled_back");
  std::map<std::string, long> missing{{"mails", count(stats, "safe", "without_mail")},
                                      {"CRM updates", safe - count(stats, "safe", "crm_updates")},
                                      {"reminders", safe - count(stats, "safe", "reminders")},
                                      {"naive mail tasks", naive - count(stats, "naive", "mail_runs")}};
  std::erase_if(missing, [](const auto& entry) { return entry.second <= 0; });
  return missing;
}

/// Waits until every task that must run has run; false if some have not by the deadline.
bool wait_for_tasks(const std::string& url) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (true) {
    const auto missing = missing_tasks(fetch_stats(url));
    if (missing.empty()) return true;
    if (std::chrono::steady_clock::now() > deadline) {
      std::cerr << "Gave up after " << kDeadline.count() << " s; are the workers running?  Still missing:\n";
      for (const auto& [what, number] : missing) std::cerr << "  " << number << ' ' << what << '\n';
      return false;
    }
    std::this_thread::sleep_for(100ms);
  }
}

void print_row(const char* label, const std::string& naive, const std::string& safe) {
  std::printf("  %-52s %8s %8s\n", label, naive.c_str(), safe.c_str());
}

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  if (value.is_number_integer()) return std::to_string(value.get<long>());
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value.get<double>());
  return text;
}

void print_table(const json& stats) {
  const json& naive = stats["naive"];
  const json& safe = stats["safe"];
  const auto compare = [&](const char* label, const char* name) {
    print_row(label, text_of(naive[name]), text_of(safe[name]));
  };
  const auto safe_only = [&](const char* label, const char* name) {
    print_row(label, "", text_of(safe[name]));
  };

  std::printf("\n");
  print_row("what the database holds:", "naive", "safe");
  compare("signups committed", "committed");
  compare("signups rolled back", "rolled_back");
  compare("welcome mail task: attempts", "mail_runs");
  compare("tasks that ran before the commit and found no user", "found_no_user");
  compare("tasks that ran for a signup that was rolled back", "ran_though_rolled_back");
  compare("committed users without their mail", "without_mail");
  compare("attempts that were retries", "retries");
  safe_only("CRM update, which fails twice: done", "crm_updates");
  safe_only("  on attempt 3", "crm_updates_on_attempt_3");
  safe_only("reminder, 1 s after the signup: done", "reminders");
  safe_only("  late by p50, ms", "late_ms_p50");
  safe_only("  late by p99, ms", "late_ms_p99");
  std::printf("\n");
}

/// What the safe way owes to those who asked; says each promise that was broken.  `told` users were answered,
/// since `committed_before`, that they are in.
bool promise_kept(const json& stats, long committed_before, long told) {
  const long committed = count(stats, "safe", "committed");
  const auto expect = [&](const char* what, long found, long expected) {
    if (found != expected) std::printf("Broken: %s: %ld, not %ld.\n", what, found, expected);
    return found == expected;
  };
  const auto expect_count = [&](const char* what, const char* name, long expected) {
    return expect(what, count(stats, "safe", name), expected);
  };
  const std::array kept{expect("users who were told that they are in", committed - committed_before, told),
                        expect_count("users without their mail", "without_mail", 0),
                        expect_count("tasks that found no user", "found_no_user", 0),
                        expect_count("tasks for a signup that was rolled back", "ran_though_rolled_back", 0),
                        expect_count("CRM updates", "crm_updates", committed),
                        expect_count("CRM updates on attempt 3", "crm_updates_on_attempt_3", committed),
                        expect_count("reminders", "reminders", committed)};
  return std::ranges::all_of(kept, [](bool one) { return one; });
}

void print_verdict(const json& stats, bool kept) {
  std::printf(
      "Safe: %s\n",
      kept ? "every committed signup got all of its tasks, and none ran for a signup that was rolled back."
           : "the promise was broken, see above.");
  const long ghosts = count(stats, "naive", "ran_though_rolled_back");
  if (const long early = count(stats, "naive", "found_no_user"); early > 0) {
    std::printf(
        "Naive: %ld tasks ran before their user was committed, and %ld for users who never came to be.\n",
        early, ghosts);
  } else {
    std::printf(
        "Naive: no race showed: no task was seen to run before its user was committed.  That is luck, not "
        "safety; "
        "%ld ran for users who never came to be.\n",
        ghosts);
  }
}

int run(int argc, const char* const* argv) {
  cxxopts::Options options{"signup_load",
                           "Sends signups to signup_web, waits for their tasks and prints a table."};
  options.add_options()                                                                                 //
      ("url", "of the web app", cxxopts::value<std::string>()->default_value("http://127.0.0.1:8080"))  //
      ("requests", "how many, a quarter of each kind", cxxopts::value<int>()->default_value("400"))     //
      ("threads", "requests under way at a time", cxxopts::value<int>()->default_value("8"))            //
      ("h,help", "this text; exit code 0: the promise was kept, 1: it was not, 2: no answer or wrong use");
  const auto given = options.parse(argc, argv);
  if (given.count("help") > 0) {
    std::cout << options.help();
    return 0;
  }
  const auto url = given["url"].as<std::string>();

  const auto requests = given["requests"].as<int>();

  const long committed_before = count(fetch_stats(url), "safe", "committed");
  Answers answers;
  send(url, requests, given["threads"].as<int>(), answers);
  std::printf("Sent %d requests, waiting for their tasks.\n", requests);
  std::fflush(stdout);
  const bool complete = wait_for_tasks(url);
  if (complete) std::this_thread::sleep_for(kAfterthought);

  const json stats = fetch_stats(url);
  print_table(stats);
  const bool answered = answers.unexpected == 0;
  if (!answered)
    std::printf("Broken: %ld requests were not answered as expected.\n", answers.unexpected.load());
  const bool kept = promise_kept(stats, committed_before, answers.safely_in) && answered && complete;
  print_verdict(stats, kept);
  return kept ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "signup_load: " << error.what() << '\n';
    return 2;
  }
}
