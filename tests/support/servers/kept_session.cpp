#include "support/servers/kept_session.hpp"

#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

#include "support/servers/servers.hpp"

namespace aftercommit::support {
namespace {

struct Kept {
  std::string url;
  pid_t process;  // a child must not speak on its parent's sockets
  std::unique_ptr<pqxx::connection> session;
};

struct Store {
  std::mutex mutex;  // protects idle
  std::vector<Kept> idle;
};

/// Never destroyed: a child that ends would say goodbye to the server for its parent.
Store& store() {
  static auto& store = *new Store;
  return store;
}

bool answers(pqxx::connection& session) noexcept {
  try {
    pqxx::nontransaction{session}.exec("DISCARD ALL");
    return session.is_open();
  } catch (const std::exception&) {
    return false;  // its server may be gone, or a transaction may be open in it
  }
}

Kept take_or_begin(const std::string& url) {
  {
    const std::lock_guard lock{store().mutex};
    for (auto& idle = store().idle; !idle.empty();) {
      auto kept = std::move(idle.back());
      idle.pop_back();
      if (kept.process != ::getpid()) {
        static_cast<void>(
            kept.session.release());  // NOLINT: left to the parent, and to the end of this process
      } else if (kept.url == url && answers(*kept.session)) {
        return kept;
      }
    }
  }
  return {url, ::getpid(), std::make_unique<pqxx::connection>(url)};
}

}  // namespace

std::shared_ptr<pqxx::connection> kept_session() {
  struct GiveBack {
    std::shared_ptr<Kept> kept;
    void operator()(pqxx::connection* /*session*/) const {
      if (kept->process != ::getpid()) {
        static_cast<void>(kept->session.release());
      } else if (answers(*kept->session)) {
        const std::lock_guard lock{store().mutex};
        store().idle.push_back(std::move(*kept));
      }
    }
  };
  const auto kept = std::make_shared<Kept>(take_or_begin(database_url()));
  return {kept->session.get(), GiveBack{kept}};
}

}  // namespace aftercommit::support
