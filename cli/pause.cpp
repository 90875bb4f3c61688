/// `aftercommit pause` and `aftercommit resume`: whether workers fetch the jobs of a queue.
#include <iostream>
#include <string>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "operate/pauses.hpp"

namespace aftercommit::cli {
namespace {

std::string in_words(const std::vector<std::string>& places) {
  std::string text;
  for (const auto& place : places) text.append(text.empty() ? "" : ", ").append(place);
  return text;
}

}  // namespace

int pause(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto [changed, places] = operate::pause(servers, options.queue);
  std::cout << "queue " << options.queue << (changed ? " is paused, in " : " was paused before, in ")
            << one_line(in_words(places), 300)
            << (changed ? ": workers fetch no more of its jobs after their next heartbeat\n" : "\n");
  return kExitDone;
}

int resume(const Options& options) {
  operate::Servers servers{options.connections, warn};
  const auto [changed, places] = operate::resume(servers, options.queue);
  if (changed) {
    std::cout << "queue " << options.queue << " is resumed, in " << one_line(in_words(places), 300)
              << ": workers fetch its jobs after their next heartbeat\n";
  } else {
    std::cout << "queue " << options.queue << " was not paused\n";
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
