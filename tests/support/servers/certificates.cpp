/// Makes keys and certificates with OpenSSL, in no time.
#include "support/servers/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "support/temporary_folder.hpp"

namespace aftercommit::support {
namespace {

template <class Made>
Made* made(Made* object) {
  if (object == nullptr) throw std::runtime_error{"OpenSSL does not make a certificate"};
  return object;
}

std::shared_ptr<EVP_PKEY> new_key() { return {made(EVP_EC_gen("P-256")), &::EVP_PKEY_free}; }

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&::X509_EXTENSION_free)> extension{
      made(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())), &::X509_EXTENSION_free};
  ::X509_add_ext(certificate, extension.get(), -1);
}

/// Not signed yet.  `issuer` null: by itself.
std::shared_ptr<X509> new_certificate(const std::string& name, EVP_PKEY* key, X509* issuer,
                                      const Certificates::Time& time) {
  std::shared_ptr<X509> certificate{made(::X509_new()), &::X509_free};
  static long serial = 0;
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate.get()), ++serial);
  ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), time.from.count());
  ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), time.until.count());
  ::X509_set_pubkey(certificate.get(), key);
  auto* subject = ::X509_get_subject_name(certificate.get());
  ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  ::X509_set_issuer_name(certificate.get(), issuer == nullptr ? subject : ::X509_get_subject_name(issuer));
  return certificate;
}

std::shared_ptr<X509> new_ca(const std::string& name, EVP_PKEY* key) {
  auto certificate = new_certificate(name, key, nullptr, {});
  extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  ::X509_sign(certificate.get(), key, ::EVP_sha256());
  return certificate;
}

template <class Write>
std::string written(const std::filesystem::path& path, Write&& write) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file{made(std::fopen(path.c_str(), "we")),
                                                                &std::fclose};
  if (write(file.get()) != 1) throw std::runtime_error{"cannot write " + path.string()};
  return path;
}

std::string written(const std::filesystem::path& path, X509* certificate) {
  return written(path, [&](std::FILE* file) { return ::PEM_write_X509(file, certificate); });
}

}  // namespace

Certificates::Certificates(const std::string& ca)
    : folder_{temporary_folder("certificates")},
      key_{new_key()},
      certificate_{new_ca(ca, key_.get())},
      ca_file_{written(folder_ / "ca.crt", certificate_.get())} {}

Certificates::~Certificates() {
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

Certificates::Pair Certificates::issue(const std::string& name, const std::string& names, Time time) {
  const auto key = new_key();
  const auto certificate = new_certificate(name, key.get(), certificate_.get(), time);
  if (!names.empty()) extend(certificate.get(), certificate_.get(), NID_subject_alt_name, names);
  ::X509_sign(certificate.get(), key_.get(), ::EVP_sha256());
  return {written(folder_ / (name + ".crt"), certificate.get()),
          written(folder_ / (name + ".key"), [&](std::FILE* file) {
            return ::PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

std::string Certificates::write(const std::string& name, const std::string& text) const {
  const auto path = folder_ / name;
  std::ofstream{path} << text;
  return path;
}

}  // namespace aftercommit::support
