/// What of a server's TLS did not hold, in a sentence.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "broker/redis/wire/redis_url.hpp"
#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {

/// Watches the checks of one connection, which must not outlive it.  Checks the certificate's names as well.
class TlsCheck {
 public:
  /// Before the handshake.  `name` is what the certificate must be for, a host's name or address.
  TlsCheck(SSL* connection, const RedisTlsSettings& settings, std::string name);
  TlsCheck(const TlsCheck&) = delete;
  TlsCheck& operator=(const TlsCheck&) = delete;

  /// What OpenSSL's queue of errors and the checks so far say; `otherwise` where they say nothing.
  SocketError failure(const SocketError& otherwise) const;

 private:
  struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { ::X509_free(certificate); }
  };

  static int note_check(int passed, X509_STORE_CTX* store);
  static int note_wish(SSL* connection, void* check);
  SocketError failed_certificate() const;
  SocketError refused_certificate(const std::string& why) const;

  const RedisTlsSettings& settings_;
  const std::string name_;
  int failed_ = X509_V_OK;
  int depth_ = 0;                                       // of the one that failed: 0 is the server's own
  std::unique_ptr<X509, FreeCertificate> certificate_;  // the same
  bool wants_ours_ = false;                             // the server has asked for a certificate
};

}  // namespace aftercommit
