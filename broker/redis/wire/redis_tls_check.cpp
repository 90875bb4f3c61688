/// Reads what OpenSSL found: codes of checks, alerts of the server, names and dates of certificates.
#include "broker/redis/wire/redis_tls_check.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <utility>

#include "base/text/text.hpp"

namespace aftercommit {
namespace {

constexpr std::size_t kShownName = 200;  // bytes of what a certificate says of itself
constexpr int kShownNames = 10;

bool is_address(const std::string& name) {
  in6_addr room{};
  return ::inet_pton(AF_INET, name.c_str(), &room) == 1 || ::inet_pton(AF_INET6, name.c_str(), &room) == 1;
}

std::string shown_name(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> text{::BIO_new(::BIO_s_mem()), &::BIO_free};
  if (!text || ::X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0)
    return "?";
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &bytes);
  return in_one_line({bytes, static_cast<std::size_t>(size)}, kShownName);
}

std::string shown_time(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (::ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string shown_address(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ::ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ::ASN1_STRING_length(address) != 16) return "?";
  return ::inet_ntop(family, ::ASN1_STRING_get0_data(address), text.data(), text.size());
}

/// "a.internal, 10.0.0.1"; empty for a certificate without any.
std::string names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&::GENERAL_NAMES_free)> names{
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &::GENERAL_NAMES_free};
  std::string shown;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && i < kShownNames; ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (!shown.empty()) shown += ", ";
    if (name->type == GEN_IPADD) {
      shown += shown_address(name->d.iPAddress);
    } else {
      const auto* text = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName));
      shown +=
          in_one_line({text, static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName))}, kShownName);
    }
  }
  if (count > kShownNames) shown += " and more";
  return shown;
}

/// Of an alert that a server sends when it does not like a certificate; null for others.
const char* dislike(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it does not know the CA";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "it is revoked";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "it does not say why";
    default:
      return nullptr;
  }
}

}  // namespace

TlsCheck::TlsCheck(SSL* connection, const RedisTlsSettings& settings, std::string name)
    : settings_{settings}, name_{std::move(name)} {
  SSL_set_app_data(connection, this);
  ::SSL_set_verify(connection, SSL_VERIFY_PEER, &TlsCheck::note_check);
  ::SSL_set_cert_cb(connection, &TlsCheck::note_wish, this);
  if (is_address(name_)) {  // which the greeting may not name
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(connection), name_.c_str());
  } else {
    ::SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ::SSL_set1_host(connection, name_.c_str());
    SSL_set_tlsext_host_name(connection, name_.c_str());
  }
}

int TlsCheck::note_check(int passed, X509_STORE_CTX* store) {
  if (passed == 1) return passed;
  const auto* connection =
      static_cast<const SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& check = *static_cast<TlsCheck*>(SSL_get_app_data(connection));
  check.failed_ = ::X509_STORE_CTX_get_error(store);
  check.depth_ = ::X509_STORE_CTX_get_error_depth(store);
  auto* certificate = ::X509_STORE_CTX_get_current_cert(store);
  if (certificate != nullptr) ::X509_up_ref(certificate);
  check.certificate_.reset(certificate);
  return passed;
}

int TlsCheck::note_wish(SSL*, void* check) {
  static_cast<TlsCheck*>(check)->wants_ours_ = true;
  return 1;
}

SocketError TlsCheck::failed_certificate() const {
  const std::string what =
      depth_ == 0 ? "its certificate"
                  : "the certificate of its CA " + shown_name(::X509_get_subject_name(certificate_.get()));
  switch (failed_) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {.reason = what + " expired on " + shown_time(::X509_get0_notAfter(certificate_.get())),
              .advice = "renew it, or correct the clock of this machine"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {
          .reason = what + " is not valid before " + shown_time(::X509_get0_notBefore(certificate_.get())),
          .advice = "correct the clock of this machine, or use another certificate"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto names = names_of(certificate_.get());
      return {.reason = what + " is not for " + name_ +
                        (names.empty() ? ", it names no host" : " but for " + names),
              .advice = "use a name that it has as the host of the broker URL, or as tls_server_name"};
    }
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {.reason = std::string{"its certificate is signed by a CA that "} +
                        (settings_.ca_file.empty() ? "this machine does not know: "
                                                   : settings_.ca_file + " does not hold: ") +
                        shown_name(::X509_get_issuer_name(certificate_.get())),
              .advice = "give the file with the CA's certificate as tls_ca in the broker URL"};
    default:
      return {.reason = what + " does not hold: " + ::X509_verify_cert_error_string(failed_)};
  }
}

SocketError TlsCheck::refused_certificate(const std::string& why) const {
  return {.reason = "it does not accept the client certificate of " + settings_.cert_file + ": " + why,
          .advice = "use one that is signed by a CA of its tls-ca-cert-file",
          .lasting = true};
}

SocketError TlsCheck::failure(const SocketError& otherwise) const {
  if (failed_ != X509_V_OK && certificate_) {
    auto failed = failed_certificate();
    failed.lasting = true;
    return failed;
  }
  const auto error = ::ERR_peek_error();
  if (error == 0) return otherwise;
  const int reason = ERR_GET_REASON(error);
  const bool shows_none = wants_ours_ && settings_.cert_file.empty();
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      if (shows_none) {
        return {.reason = "it wants a client certificate",
                .advice = "give one as tls_cert and its key as tls_key in the broker URL",
                .lasting = true};
      }
      if (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && !wants_ours_) {
        return {.reason = "it refused the TLS handshake",
                .advice = "its tls-protocols and tls-ciphers must have some that OpenSSL here has as well",
                .lasting = true};
      }
      return refused_certificate("it does not say why");
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
      return {.reason = "it does not speak TLS",
              .advice = "use the port that is its tls-port, or redis:// for one without TLS",
              .lasting = true};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return {.reason = "it speaks no TLS that is 1.2 or newer",
              .advice = "allow it by its tls-protocols",
              .lasting = true};
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return otherwise;
    default:
      break;
  }
  if (const auto* why = dislike(reason); why != nullptr && wants_ours_) {
    return refused_certificate(why);
  }
  const auto* text = ::ERR_reason_error_string(error);
  return {.reason = std::string{"TLS with it failed: "} + (text == nullptr ? "no reason is known" : text)};
}

}  // namespace aftercommit
