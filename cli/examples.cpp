#include "cli/examples.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aftercommit::cli {
namespace {

constexpr auto kExamples = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"migrate",
     "aftercommit migrate\n"
     "aftercommit migrate --print | psql \"$DATABASE_URL\" -v ON_ERROR_STOP=1"},
    {"stats",
     "aftercommit stats --watch 5\n"
     "aftercommit stats --json | jq .sum.dead\n"
     "aftercommit stats --rate 5 --json | jq .sum.rate_per_s"},
    {"jobs",
     "aftercommit jobs --state retrying --error 'connection refused'\n"
     "aftercommit jobs --queue mail --older-than 1h --oldest\n"
     "aftercommit jobs --argument bob@example.com --args --json | jq -r '.jobs[].id'"},
    {"job",
     "aftercommit job 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c\n"
     "aftercommit job 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c --args --json | jq .story"},
    {"flow",
     "aftercommit flow 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c --results\n"
     "aftercommit flow 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c --json | jq .state\n"
     "aftercommit flow 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c --again-from 'print label' --note 'wrong "
     "printer'"},
    {"enqueue",
     "aftercommit enqueue send_receipt '[42]' --queue mail\n"
     "aftercommit enqueue nightly_report --countdown 15m --priority low"},
    {"purge",
     "aftercommit purge mail\n"
     "aftercommit purge mail --durable --yes"},
    {"workers",
     "aftercommit workers --queue mail\n"
     "aftercommit workers --json | jq '.workers[] | select(.silent)'"},
    {"tasks", "aftercommit tasks --queue mail"},
    {"dead list",
     "aftercommit dead list --queue mail --limit 10\n"
     "aftercommit dead list --json | jq -r '.dead[].id'"},
    {"dead show", "aftercommit dead show 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c"},
    {"dead retry",
     "aftercommit dead retry --task send_receipt\n"
     "aftercommit dead retry --error 'connection refused' --newer-than 2h --dry-run\n"
     "aftercommit dead retry --all --queue mail"},
    {"dead delete",
     "aftercommit dead delete letter-b3e5fde603edbffe\n"
     "aftercommit dead delete --older-than 90d --dry-run"},
    {"periodic next", "aftercommit periodic next nightly_report"},
    {"limits set", "aftercommit limits set 'task mail' 5"},
    {"pause", "aftercommit pause mail"},
    {"resume", "aftercommit resume mail"},
    {"audit", "aftercommit audit --json | jq -e '.needs_somebody | not'"},
    {"blame",
     "aftercommit blame orders 42\n"
     "aftercommit blame shop.order_line order_id=42 line=3\n"
     "aftercommit blame users bob@example.com --key-column email --json | jq -r '.jobs[].job'"},
    {"cancel",
     "aftercommit cancel 01a1fe0f-eacf-733b-b81e-04ebd4c4f54c --note 'ordered twice'\n"
     "aftercommit cancel --list"},
    {"adopt", "aftercommit adopt --queue mail"},
    {"dashboard",
     "aftercommit dashboard\n"
     "aftercommit dashboard --listen 0.0.0.0:8080 --token-file /etc/aftercommit/tokens --name "
     "jobs.example.org\n"
     "aftercommit dashboard --prefix /jobs --read-only --show-args --redact password --redact "
     "send_receipt#2"},
    {"doctor",
     "aftercommit doctor\n"
     "aftercommit doctor --processes 12 --concurrency 16\n"
     "aftercommit doctor --json | jq '.findings[] | select(.severity == \"danger\")'"},
    {"top", "aftercommit top --every 1"},
    {"completion",
     "source <(aftercommit completion bash)\n"
     "aftercommit completion zsh > ~/.zfunc/_aftercommit"},
});

}  // namespace

std::string_view examples_of(std::string_view command) {
  const auto* const found = std::ranges::find(kExamples, command, [](const auto& one) { return one.first; });
  return found == kExamples.end() ? std::string_view{} : found->second;
}

}  // namespace aftercommit::cli
