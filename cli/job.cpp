/// `aftercommit job`: everything about one job.
#include <iostream>
#include <string>
#include <string_view>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
#include "operate/job_story.hpp"

namespace aftercommit::cli {
namespace {

using operate::JobFate;
using operate::JobStory;

constexpr std::size_t kValueShown = 4096;  // bytes

void say(std::string_view name, std::string_view value) { print_field(name, value, kValueShown); }

std::string state_of(const JobStory& story) {
  if (story.standing) return std::string{operate::word(*story.standing)};
  if (story.fate == JobFate::kUnknown && story.place)
    return "its row is gone: done, rolled back or deleted; a worker skips what Redis has of it";
  return std::string{operate::word(story.fate)};
}

std::string place_of(const JobStory& story) {
  if (story.place) {
    std::string text = "queue " + story.place->queue;
    switch (story.place->part) {
      case JobPart::kRunning:
        return text + ", fetched by " + story.place->worker + " at " + utc(story.place->at);
      case JobPart::kReady:
        return text + ", ready since " + utc(story.place->at);
      case JobPart::kDelayed:
        return text + ", due at " + utc(story.place->at);
      case JobPart::kAside:
        break;
    }
    return text + ", aside for " + story.place->reason + ", looked at again at " + utc(story.place->at);
  }
  if (story.in_redis == false) return "not yet: a relay brings it";
  if (story.in_redis == true)
    return story.place_unsure ? "yes; where, was not looked through to the end" : "yes";
  return story.place_unsure ? "not among what was looked through" : "";
}

void print_marks(const JobStory& story) {
  for (const auto& mark : story.marks) {
    auto text = std::string{mark.waits ? "waits for its key, which job " + mark.other + " has"
                                       : "has its key until it is " + mark.until};
    if (mark.until == "start" && !mark.waits) text = "has its key until it starts";
    if (mark.expires_at) text += ", for a period that ends at " + utc(*mark.expires_at);
    if (!mark.waits && !mark.other.empty()) text += "; job " + mark.other + " comes after it";
    say("unique", text);
  }
}

void print(const JobStory& story, bool args) {
  say("id", story.id);
  say("state", state_of(story));
  say("kept in", story.database.empty() ? "redis" : "database " + story.database);
  say("queue", story.queue);
  say("task", story.task);
  say("in redis", place_of(story));
  say("worker", story.worker);
  if (story.job) {
    const auto& job = *story.job;
    if (args) {
      say("args", job.args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      for (const auto& [name, value] : job.headers) say("header", name + "=" + value);
    }
    say("attempt", std::to_string(job.attempt));
    if (job.crashes > 0) say("crashes", std::to_string(job.crashes) + ": its worker died while it ran");
    if (job.expires_at) say("expires at", utc(*job.expires_at));
    if (job.limited_since) say("limit", "waits for one since " + utc(*job.limited_since));
    if (!job.limit_key.empty() && args) say("limit key", job.limit_key);
  }
  say("asked for in", story.asked_in.empty() ? "" : "transaction " + story.asked_in);
  say("effect in", story.effect_in.empty() ? "" : "transaction " + story.effect_in);
  if (story.result) {
    say("result", (args ? story.result->value : std::string{"kept; --args shows it"}) + ", until " +
                      utc(story.result->expires_at));
  }
  say("cancelled", story.cancelled.empty() ? "" : "it stood as: " + story.cancelled);
  say("unreadable", story.flaw);
  if (story.dead) say("no retry", story.dead->obstacle());
  print_marks(story);
  if (story.lines.empty()) return;
  std::cout << "story\n";
  for (const auto& line : story.lines) {
    std::cout << "  " << utc(line.at) << "  " << line.what;
    if (!line.worker.empty()) std::cout << " on " << one_line(line.worker, 128);
    if (!line.detail.empty()) std::cout << ": " << one_line(line.detail, 2 * kErrorTextLimit);
    std::cout << '\n';
    for (const auto& text : line.log) std::cout << "    | " << one_line(text, 2048) << '\n';
  }
}

}  // namespace

int show_job(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto id = JobId::parse(options.ids.front()).value();
  const auto story = operate::find_story(servers, id);
  if (options.json) {
    print_json(operate::in_json(story, options.args));
  } else if (story.is_known()) {
    print(story, options.args);
  }
  const bool known = story.is_known();
  if (!known) {
    std::cout.flush();
    std::cerr << "aftercommit: nobody knows a job " << id.str()
              << (story.place_unsure
                      ? ": it was not looked for in all of Redis, which holds very many"
                      : ": it was never committed, is done and forgotten, or is of other servers")
              << '\n';
  }
  const bool unsure = story.fate == JobFate::kWaiting && !story.in_redis &&
                      !story.answers.from_all_of_redis() && story.answers.from_redis();
  if (!known || unsure || story.fate == JobFate::kUnknown)
    tell_outages(story.answers, "it was not looked for in ", "");
  if (unsure) return kExitServers;
  if (known) return kExitDone;
  return story.answers.from_all() ? kExitFound : kExitServers;
}

}  // namespace aftercommit::cli
