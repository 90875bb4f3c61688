/// Reads the files of certificates and keys.
#include "broker/redis/wire/redis_tls_context.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>

#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {
namespace {

[[noreturn]] void unusable_file(std::string_view parameter, const std::string& path, std::string_view why) {
  throw SocketError{.reason = "the file " + path + " cannot be used: " + std::string{why},
                    .advice = "correct it, or " + std::string{parameter} + " in the broker URL",
                    .lasting = true};
}

/// OpenSSL's own words for a file that is not there are no sentence.
void require_readable(std::string_view parameter, const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) unusable_file(parameter, path, std::generic_category().message(errno));
  ::close(fd);
}

/// Without this OpenSSL asks at the terminal, and waits for an answer.
int no_passphrase(char*, int, int, void*) { return -1; }

/// Read once a process: more than a hundred certificates take longer than the handshake.
X509_STORE* system_cas() {
  static auto* const all = [] {
    auto* store = ::X509_STORE_new();
    if (store == nullptr) throw std::bad_alloc{};
    ::X509_STORE_set_default_paths(store);  // none there: no certificate will hold, which is said then
    return store;
  }();
  return all;
}

void believe(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    ::SSL_CTX_set1_cert_store(context, system_cas());
    return;
  }
  require_readable("tls_ca", ca_file);
  if (::SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    unusable_file("tls_ca", ca_file, "it holds no certificate in PEM form");
  }
}

void introduce_us(SSL_CTX* context, const RedisTlsSettings& settings) {
  if (settings.cert_file.empty()) return;
  require_readable("tls_cert", settings.cert_file);
  require_readable("tls_key", settings.key_file);
  ::SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  if (::SSL_CTX_use_certificate_chain_file(context, settings.cert_file.c_str()) != 1) {
    unusable_file("tls_cert", settings.cert_file, "it holds no certificate in PEM form");
  }
  if (::SSL_CTX_use_PrivateKey_file(context, settings.key_file.c_str(), SSL_FILETYPE_PEM) == 1) return;
  if (ERR_GET_LIB(::ERR_peek_last_error()) == ERR_LIB_X509) {
    unusable_file("tls_key", settings.key_file,
                  "it is not the key of the certificate in " + settings.cert_file);
  }
  unusable_file("tls_key", settings.key_file, "it holds no key in PEM form that needs no passphrase");
}

}  // namespace

TlsContext make_tls_context(const RedisTlsSettings& settings) {
  // Not to be cleaned up while threads and static objects still use it, which are ended later or never.
  ::OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  ::ERR_clear_error();
  TlsContext context{::SSL_CTX_new(::TLS_client_method())};
  if (!context) throw std::bad_alloc{};
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  believe(context.get(), settings.ca_file);
  introduce_us(context.get(), settings);
  return context;
}

}  // namespace aftercommit
