#include "fault/harness/intent.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace aftercommit::fault {
namespace {

using nlohmann::json;

json to_json(const IntendedJob& job) {
  return {{"id", job.id},
          {"task", job.task},
          {"durable", job.durable},
          {"rolled_back", job.rolled_back},
          {"asked_ms", job.asked_ms},
          {"countdown_ms", job.countdown_ms}};
}

IntendedJob job_from(const json& line) {
  return {.id = line.at("id"),
          .task = line.at("task"),
          .durable = line.at("durable"),
          .rolled_back = line.at("rolled_back"),
          .asked_ms = line.at("asked_ms"),
          .countdown_ms = line.at("countdown_ms")};
}

}  // namespace

IntentFile::IntentFile(const std::filesystem::path& path)
    : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)} {
  if (file_ < 0) throw std::runtime_error{"cannot open the intent file " + path.string()};
}

IntentFile::~IntentFile() { ::close(file_); }

void IntentFile::note_wish(const Intent& intent) {
  json jobs = json::array();
  for (const auto& job : intent.jobs) jobs.push_back(to_json(job));
  append(json{{"tx", intent.number}, {"commits", intent.commits}, {"jobs", jobs}}.dump());
}

void IntentFile::note_outcome(const Intent& intent) {
  append(json{{"tx", intent.number}, {"outcome", static_cast<int>(intent.outcome)}, {"unsent", intent.unsent}}
             .dump());
}

void IntentFile::append(const std::string& line) {
  const auto text = line + '\n';
  if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fdatasync(file_) != 0) {
    throw std::runtime_error{"the intent file cannot be written"};
  }
}

std::map<long, Intent> read_intents(const std::vector<std::filesystem::path>& files) {
  std::map<long, Intent> intents;
  for (const auto& path : files) {
    std::ifstream file{path};
    for (std::string text; std::getline(file, text);) {
      const auto line = json::parse(text, nullptr, false);
      if (line.is_discarded()) continue;
      auto& intent = intents[line.at("tx").get<long>()];
      intent.number = line.at("tx");
      if (line.contains("jobs")) {
        intent.commits = line.at("commits");
        for (const auto& job : line.at("jobs")) intent.jobs.push_back(job_from(job));
      } else {
        intent.outcome = static_cast<Outcome>(line.at("outcome").get<int>());
        intent.unsent = line.at("unsent").get<std::vector<std::string>>();
      }
    }
  }
  return intents;
}

}  // namespace aftercommit::fault
