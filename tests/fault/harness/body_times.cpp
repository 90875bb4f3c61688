#include "fault/harness/body_times.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace aftercommit::fault {

std::vector<std::string> find_overlaps(std::vector<BodyTime> bodies) {
  std::vector<std::string> wrong;
  std::ranges::sort(bodies, {}, [](const BodyTime& body) {
    return std::tuple{body.begun_us, body.ended_us};
  });
  std::map<std::string, const BodyTime*> latest;  // to end, by key
  for (const auto& body : bodies) {
    auto& before = latest[body.key];
    if (before != nullptr && body.begun_us < before->ended_us) {
      wrong.push_back("job " + body.job + " of the key '" + body.key + "' began " +
                      std::to_string(before->ended_us - body.begun_us) + " us before job " + before->job +
                      " had ended");
    }
    if (before == nullptr || before->ended_us < body.ended_us) before = &body;
  }
  return wrong;
}

}  // namespace aftercommit::fault
