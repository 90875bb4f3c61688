#include "worker/process/worker_id.hpp"

#include <unistd.h>

#include <array>
#include <string>

#include "aftercommit/job_id.hpp"
#include "base/text/text.hpp"

namespace aftercommit::worker {

WorkerId make_worker_id() {
  std::array<char, 65> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string name = clean_text(host.data(), 24);
  for (auto& c : name) {  // it travels in the connection strings of databases
    if (!valid_name({&c, 1})) c = '-';
  }
  return name + "-" + std::to_string(::getpid()) + "-" + JobId::generate().str().substr(24);
}

}  // namespace aftercommit::worker
