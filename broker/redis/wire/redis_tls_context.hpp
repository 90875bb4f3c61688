/// What OpenSSL has to know before it greets a server: whom to believe, who we are.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;

/// Made anew for each connection, so that renewed files need no restart; the CAs of the system are read once.
/// Asks for TLS 1.2 or newer and for a certificate that the CAs have signed.  Throws SocketError, naming a
/// file that is of no use.
TlsContext make_tls_context(const RedisTlsSettings& settings);

}  // namespace aftercommit
