/// What is said of a server's TLS that does not hold, each check by itself.
#include "support/fixtures/redis_calls.hpp"
#include "support/servers/tls_redis.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

constexpr std::chrono::seconds kHour{3600};

/// What a broker says of a server that it must not talk to.
std::string refusal(const std::string& url) {
  return complaint<BrokerRefused>([&] { Calls{url}.counts(); });
}

TEST(RedisTlsCheck, NamesTheDayOnWhichACertificateExpired) {
  const TlsRedis tls{"IP:127.0.0.1", {-2 * kHour, -kHour}};
  EXPECT_THAT(refusal(tls.url()),
              AllOf(HasSubstr("its certificate expired on 20"), HasSubstr("UTC; renew it")));
}

TEST(RedisTlsCheck, RefusesACertificateThatIsNotValidYet) {
  const TlsRedis tls{"IP:127.0.0.1", {kHour, 2 * kHour}};
  EXPECT_THAT(refusal(tls.url()), AllOf(HasSubstr("is not valid before 20"), HasSubstr("clock")));
}

TEST(RedisTlsCheck, NamesTheNamesOfACertificateForAnother) {
  const TlsRedis tls{"DNS:redis.internal,IP:10.0.0.7"};
  EXPECT_THAT(refusal(tls.url()), AllOf(HasSubstr("is not for 127.0.0.1 but for redis.internal, 10.0.0.7"),
                                        HasSubstr("tls_server_name")));
  EXPECT_THAT(refusal(tls.url() + "&tls_server_name=cache.internal"),
              HasSubstr("is not for cache.internal but for"));
}

TEST(RedisTlsCheck, SaysThatACertificateNamesNoHost) {
  const TlsRedis tls{""};
  EXPECT_THAT(refusal(tls.url()), HasSubstr("is not for 127.0.0.1, it names no host"));
}

TEST(RedisTlsCheck, NamesACaThatIsUnknown) {
  const TlsRedis tls;
  const support::Certificates others{"Another CA"};
  EXPECT_THAT(refusal(tls.at() + "?tls_ca=" + others.ca()),
              AllOf(HasSubstr("signed by a CA that " + others.ca() + " does not hold"),
                    HasSubstr("CA of the tests"), HasSubstr("tls_ca")));
}

TEST(RedisTlsCheck, BelievesTheCasOfTheMachineAndNoOthersUnlessToldSo) {
  const TlsRedis tls;
  EXPECT_THAT(
      refusal(tls.at()),
      AllOf(HasSubstr(
                "its certificate is signed by a CA that this machine does not know: CN = CA of the tests"),
            HasSubstr("tls_ca")));
}

TEST(RedisTlsCheck, SaysThatAClientCertificateIsWanted) {
  for (const std::string protocol : {"TLSv1.2", "TLSv1.3"}) {
    const TlsRedis tls{"IP:127.0.0.1", {}, {"--tls-protocols", protocol}};
    EXPECT_THAT(refusal(tls.url()), AllOf(HasSubstr("cannot connect"),
                                          HasSubstr("it wants a client certificate"), HasSubstr("tls_cert")))
        << protocol;
  }
}

TEST(RedisTlsCheck, SaysThatTheClientCertificateIsNotAccepted) {
  support::Certificates others{"Another CA"};
  const auto ours = others.issue("shop", "");
  for (const std::string protocol : {"TLSv1.2", "TLSv1.3"}) {
    const TlsRedis tls{"IP:127.0.0.1", {}, {"--tls-protocols", protocol}};
    EXPECT_THAT(refusal(tls.url() + "&tls_cert=" + ours.cert + "&tls_key=" + ours.key),
                AllOf(HasSubstr("does not accept the client certificate of " + ours.cert), HasSubstr("CA")))
        << protocol;
  }
}

TEST(RedisTlsCheck, TakesNoTlsOlderThan12) {
  const TlsRedis tls{
      "IP:127.0.0.1",
      {},
      {"--tls-auth-clients", "no", "--tls-protocols", "TLSv1.1", "--tls-ciphers", "ALL:@SECLEVEL=0"}};
  EXPECT_THAT(refusal(tls.url()), HasSubstr("it speaks no TLS that is 1.2 or newer"));
}

TEST(RedisTlsCheck, TellsAPortWithoutTlsFromOneWithIt) {
  const TlsRedis tls;
  const auto plain_port = "127.0.0.1:" + std::to_string(tls.server.port());
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { Calls("rediss://" + plain_port, kShort).counts(); }),
              AllOf(HasSubstr("does not answer to TLS in time"), HasSubstr("tls-port")));
  EXPECT_THAT(complaint<BrokerUnavailable>(
                  [&] { Calls{"redis://127.0.0.1:" + std::to_string(tls.port())}.counts(); }),
              HasSubstr("if that is its tls-port, the broker URL has to begin with rediss://"));
}

TEST(RedisTlsFile, ThatIsOfNoUseIsNamed) {
  TlsRedis tls;
  const auto ours = tls.certificates.issue("shop", ""), others = tls.certificates.issue("other", "");
  const auto empty = tls.certificates.write("empty.pem", "nothing\n");
  const auto locked = tls.certificates.write("locked.key",
                                             "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                                             "-----END ENCRYPTED PRIVATE KEY-----\n");
  const auto with = [&](const std::string& cert, const std::string& key) {
    return refusal(tls.url() + "&tls_cert=" + cert + "&tls_key=" + key);
  };
  EXPECT_THAT(refusal(tls.at() + "?tls_ca=/nowhere/ca.crt"),
              AllOf(HasSubstr("the file /nowhere/ca.crt cannot be used: No such file"),
                    HasSubstr("correct it, or tls_ca")));
  EXPECT_THAT(refusal(tls.at() + "?tls_ca=" + empty),
              HasSubstr(empty + " cannot be used: it holds no certificate"));
  EXPECT_THAT(with(empty, ours.key), HasSubstr(empty + " cannot be used: it holds no certificate"));
  EXPECT_THAT(with(ours.cert, "/nowhere.key"), HasSubstr("/nowhere.key cannot be used: No such file"));
  EXPECT_THAT(with(ours.cert, empty), HasSubstr(empty + " cannot be used: it holds no key"));
  EXPECT_THAT(with(ours.cert, locked), HasSubstr("no key in PEM form that needs no passphrase"));
  EXPECT_THAT(with(ours.cert, others.key), HasSubstr("is not the key of the certificate in " + ours.cert));
}

}  // namespace
}  // namespace aftercommit
