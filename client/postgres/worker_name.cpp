#include "client/postgres/worker_name.hpp"

#include <string_view>

namespace aftercommit::detail {
namespace {

constexpr std::string_view kPrefix = "ac:";  // job_holder.sql takes it off again

}  // namespace

std::string application_name_of(const WorkerId& worker) { return std::string{kPrefix} + worker; }

bool is_worker_session(const DatabaseOptions& options) {
  return options.application_name.starts_with(kPrefix);
}

}  // namespace aftercommit::detail
