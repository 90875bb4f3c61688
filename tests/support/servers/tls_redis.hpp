/// A redis-server of a test's own that speaks TLS.
#pragma once

#include <string>
#include <vector>

#include "support/servers/certificates.hpp"
#include "support/servers/private_redis.hpp"
#include "support/servers/reserved_port.hpp"

namespace aftercommit::support {

/// Its Unix socket and its plain port are as those of any PrivateRedis.
class TlsRedis {
 public:
  /// `names` and `time` of its certificate; `options` as on redis-server's command line.
  explicit TlsRedis(const std::string& names = "DNS:localhost,IP:127.0.0.1", Certificates::Time time = {},
                    std::vector<std::string> options = {"--tls-auth-clients", "no"})
      : pair_{certificates.issue("server", names, time)}, server{with_tls(std::move(options))} {}

  /// "rediss://127.0.0.1:port", for parameters to follow.
  std::string at(const std::string& credentials = "") const {
    return "rediss://" + credentials + "127.0.0.1:" + std::to_string(port());
  }
  /// With its CA.
  std::string url() const { return at() + "?tls_ca=" + certificates.ca(); }
  std::uint16_t port() const { return port_.number(); }

  Certificates certificates;

 private:
  std::vector<std::string> with_tls(std::vector<std::string> options) const {
    const std::vector<std::string> tls{"--tls-port",         std::to_string(port()), "--tls-cert-file",
                                       pair_.cert,           "--tls-key-file",       pair_.key,
                                       "--tls-ca-cert-file", certificates.ca()};
    options.insert(options.begin(), tls.begin(), tls.end());
    return options;
  }

  const ReservedPort port_;
  const Certificates::Pair pair_;

 public:
  PrivateRedis server;
};

}  // namespace aftercommit::support
