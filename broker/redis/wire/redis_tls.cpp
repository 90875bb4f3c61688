/// Lets OpenSSL speak, and waits in its place.
#include "broker/redis/wire/redis_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include "broker/redis/wire/redis_tls_check.hpp"
#include "broker/redis/wire/redis_tls_context.hpp"

namespace aftercommit {
namespace {

/// What OpenSSL has instead of a socket: its own way of writing to one raises SIGPIPE.
struct Wire {
  int fd;
  int error = 0;  // errno of the last failure
  bool ended = false;

  /// What OpenSSL wants to know of a call of the system: 1 done, 0 ended, -1 failed or to be called again.
  template <class Call>
  int call(BIO* bio, std::size_t& done, int retry, Call&& system_call) {
    ::BIO_clear_retry_flags(bio);
    for (;;) {
      const auto result = system_call();
      if (result > 0) {
        done = static_cast<std::size_t>(result);
        return 1;
      }
      if (result == 0) {
        ended = true;
        return 0;
      }
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        ::BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
      } else {
        error = errno;
      }
      return -1;
    }
  }

  static Wire& of(BIO* bio) { return *static_cast<Wire*>(::BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
    auto& wire = of(bio);
    return wire.call(bio, *written, BIO_FLAGS_WRITE,
                     [&] { return ::send(wire.fd, bytes, size, MSG_NOSIGNAL); });
  }
  static int read(BIO* bio, char* buffer, std::size_t size, std::size_t* received) {
    auto& wire = of(bio);
    return wire.call(bio, *received, BIO_FLAGS_READ, [&] { return ::recv(wire.fd, buffer, size, 0); });
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  /// Of the process, for good.
  static const BIO_METHOD* method() {
    static const auto* const made = [] {
      auto* method = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aftercommit");
      if (method == nullptr) throw std::bad_alloc{};
      ::BIO_meth_set_write_ex(method, &write);
      ::BIO_meth_set_read_ex(method, &read);
      ::BIO_meth_set_ctrl(method, &control);
      return method;
    }();
    return made;
  }
};

}  // namespace

class RedisTls::Link {
 public:
  Link(int fd, const RedisTlsSettings& settings, const std::string& host)
      : settings_{settings},
        wire_{.fd = fd},
        context_{make_tls_context(settings_)},
        ssl_{::SSL_new(context_.get())},
        check_{required(ssl_.get()), settings_,
               settings_.server_name.empty() ? host : settings_.server_name} {
    auto* bio = ::BIO_new(Wire::method());
    if (bio == nullptr) throw std::bad_alloc{};
    ::BIO_set_data(bio, &wire_);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(ssl_.get(), bio, bio);  // which owns it from now on
    ::SSL_set_quiet_shutdown(ssl_.get(), 1);
  }
  ~Link() { ::ERR_clear_error(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  SSL* ssl() const { return ssl_.get(); }

  /// Tries until it is done: true; false at the deadline.
  template <class Attempt>
  bool until(Deadline deadline, Attempt&& attempt) {
    for (;;) {
      ::ERR_clear_error();  // another's errors would be taken for ours
      wire_.error = 0;
      const int result = attempt();
      if (result > 0) return true;
      const int wanted = ::SSL_get_error(ssl_.get(), result);
      if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) fail();
      if (!wait_for_socket(wire_.fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline))
        return false;
    }
  }

  /// Throws what stood in the way of the last attempt.
  [[noreturn]] void fail() {
    SocketError plain{"it closed the connection"};
    if (wire_.error != 0) plain.reason = std::generic_category().message(wire_.error);
    if (wire_.error == EPIPE || wire_.error == ECONNRESET) {
      char byte = 0;
      ::SSL_read(ssl_.get(), &byte, 1);  // a server that closes the connection has often said why before
    }
    throw check_.failure(plain);
  }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
  };

  static SSL* required(SSL* ssl) {
    if (ssl == nullptr) throw std::bad_alloc{};
    return ssl;
  }

  const RedisTlsSettings settings_;
  Wire wire_;
  const TlsContext context_;
  const std::unique_ptr<SSL, FreeSsl> ssl_;
  TlsCheck check_;
};

RedisTls::RedisTls(int fd, const RedisTlsSettings& settings, const std::string& host, Deadline deadline)
    : link_{std::make_unique<Link>(fd, settings, host)} {
  // A Redis that does not expect TLS waits for the end of what it takes for a command.
  if (link_->until(deadline, [&] { return ::SSL_connect(link_->ssl()); })) return;
  throw SocketError{
      .reason = "it does not answer to TLS in time",
      .advice = "is it overloaded, or is this not its tls-port? redis:// is for one without TLS"};
}

RedisTls::~RedisTls() = default;

void RedisTls::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    const auto write = [&] { return ::SSL_write_ex(link_->ssl(), bytes.data(), bytes.size(), &sent); };
    if (!link_->until(deadline, write)) throw SocketError{"it did not take the command in time"};
    bytes.remove_prefix(sent);
  }
}

std::string_view RedisTls::receive(std::span<char> buffer, Deadline deadline) {
  std::size_t received = 0;
  const auto read = [&] { return ::SSL_read_ex(link_->ssl(), buffer.data(), buffer.size(), &received); };
  if (!link_->until(deadline, read)) return {};
  return {buffer.data(), received};
}

bool RedisTls::quiet() noexcept {
  char byte = 0;
  ::ERR_clear_error();
  const int result = ::SSL_peek(link_->ssl(), &byte, 1);
  const bool quiet = result <= 0 && ::SSL_get_error(link_->ssl(), result) == SSL_ERROR_WANT_READ;
  ::ERR_clear_error();
  return quiet;
}

}  // namespace aftercommit
