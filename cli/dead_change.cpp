/// `aftercommit dead retry` and `dead delete`: what a person decides about dead jobs.
#include "operate/dead_change.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/job_words.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/stop_request.hpp"

namespace aftercommit::cli {
namespace {

using operate::DeadChange;

constexpr std::size_t kNamed = 20;

/// The command line names jobs in one way alone: by ids, a filter, or all of them.
operate::DeadSelection selection(const Options& options) {
  return {.ids = options.ids, .filter = filter_of(options)};
}

operate::ChangeOptions how(const Options& options, ProgressLine& line) {
  return {.rehearse = options.dry_run,
          .progress = [&line](const operate::ChangeProgress& progress) { line.show(progress); },
          .goes_on = [] { return StopRequest::asked() == 0; }};
}

/// With what the command adds: a rehearsal is to be told from the deed.
void print_change(const DeadChange& done) {
  auto document = operate::in_json(done);
  document["dry_run"] = done.rehearsed;
  print_json(document);
}

/// What `change` makes of those that are asked for, with its deed in words on the line of its progress.
template <class Change>
DeadChange changed(const Options& options, const std::string& deed, Change&& change) {
  operate::Servers servers{options.connections, warn};
  DeadChange done;
  {
    ProgressLine line{deed};
    done = change(servers, selection(options), how(options, line));
  }
  if (options.json) print_change(done);
  return done;
}

void complain(const std::string& sentence) { std::cerr << "aftercommit: " << sentence << '\n'; }

/// Says what was asked for and not done; the exit code.
int report(const DeadChange& done) {
  std::cout.flush();  // first what was done
  for (std::size_t i = 0; i < std::min(done.stay.size(), kNamed); ++i) {
    const auto& dead = done.stay[i];
    complain("dead job " + dead.id + " of queue " + one_line(dead.queue, 64) +
             " stays: " + one_line(dead.obstacle, 1000));
  }
  if (done.stays > kNamed) {
    complain("and " + std::to_string(done.stays - kNamed) + " more dead jobs stay as they are");
  }
  if (done.interrupted) {  // what is missing may just not have been looked at
    complain("stopped as it was asked to: what is not counted here is as it was");
    return end_by(StopRequest::asked());
  }
  for (const auto& id : done.missing) {
    complain((done.all_seen ? "no dead job has the id " : "no dead job that could be looked at has the id ") +
             id);
  }
  if (!done.all_seen) {
    tell_outages(done.answers, "the dead jobs in ", " were not looked at");
    return kExitServers;
  }
  return done.stays == 0 && done.missing.empty() ? kExitDone : kExitFound;
}

}  // namespace

int retry_dead(const Options& options) {
  const StopRequest stop;
  const std::string deed = options.dry_run ? "would retry" : "retried";
  const auto done = changed(options, deed, operate::retry_dead);
  if (options.json) return report(done);
  std::cout << deed << ' ' << count_of(done.changed, "job") << '\n';
  if (done.left_to_relay > 0) {
    const auto& outage = done.outage;
    std::cout << done.left_to_relay << " of them stand in the job table only, because Redis "
              << (outage.empty() ? "has still to hear how they ended before" : "did not take them")
              << "; a worker's relay brings them" << (outage.empty() ? "" : ": " + one_line(outage, 500))
              << '\n';
  }
  return report(done);
}

int delete_dead(const Options& options) {
  const StopRequest stop;
  const std::string deed = options.dry_run ? "would delete" : "deleted";
  const auto done = changed(options, deed, operate::delete_dead);
  if (options.json) return report(done);
  std::cout << deed << ' ' << count_of(done.changed, "dead job") << '\n';
  return report(done);
}

}  // namespace aftercommit::cli
