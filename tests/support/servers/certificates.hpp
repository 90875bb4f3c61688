/// A CA of a test's own, and what it signs.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace aftercommit::support {

/// Files in PEM form, in a folder that goes with this.
class Certificates {
 public:
  struct Pair {
    std::string cert;
    std::string key;
  };
  /// From when and until when a certificate holds, seen from now.
  struct Time {
    std::chrono::seconds from{-3600};
    std::chrono::seconds until{3600};
  };

  /// `ca` is the CA's name, in each certificate.
  explicit Certificates(const std::string& ca = "CA of the tests");
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  const std::string& ca() const { return ca_file_; }

  /// Signs one.  `names` as OpenSSL writes them: "DNS:a.internal,IP:127.0.0.1"; empty for a client.
  Pair issue(const std::string& name, const std::string& names, Time time);
  Pair issue(const std::string& name, const std::string& names) { return issue(name, names, Time{}); }

  /// Writes a file beside them, and says where.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  const std::filesystem::path folder_;
  const std::shared_ptr<evp_pkey_st> key_;
  const std::shared_ptr<x509_st> certificate_;
  const std::string ca_file_;
};

}  // namespace aftercommit::support
