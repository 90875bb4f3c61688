/// What broker URLs may look like, and that no error or log shows their password.
#include "broker/redis/wire/redis_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "broker/contract/broker.hpp"

namespace aftercommit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string complaint(std::string_view url) {
  try {
    parse_redis_url(url);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

TEST(RedisUrl, NeedsNoMoreThanAHost) {
  const auto url = parse_redis_url("redis://cache.local");
  EXPECT_EQ(url.host, "cache.local");
  EXPECT_EQ(url.port, 6379);
  EXPECT_EQ(url.database, 0);
  EXPECT_EQ(url.prefix, "ac");
  EXPECT_EQ(url.user, "");
  EXPECT_EQ(url.password, "");
  EXPECT_EQ(url.socket_path, "");
}

TEST(RedisUrl, NamesEveryPart) {
  const auto url = parse_redis_url("redis://shop:secret@10.0.0.7:6380/3?prefix=shop:v2");
  EXPECT_EQ(url.user, "shop");
  EXPECT_EQ(url.password, "secret");
  EXPECT_EQ(url.host, "10.0.0.7");
  EXPECT_EQ(url.port, 6380);
  EXPECT_EQ(url.database, 3);
  EXPECT_EQ(url.prefix, "shop:v2");
  EXPECT_EQ(url.server(), "10.0.0.7:6380");
}

TEST(RedisUrl, MayEndWithASlash) { EXPECT_EQ(parse_redis_url("redis://cache/").database, 0); }

TEST(RedisUrl, TakesAPasswordWithoutAUser) {
  const auto url = parse_redis_url("redis://:secret@cache");
  EXPECT_EQ(url.user, "");
  EXPECT_EQ(url.password, "secret");
}

TEST(RedisUrl, DecodesPercentSigns) {
  const auto url = parse_redis_url("redis://shop%40home:p%2Fw%3a%25%00@cache");
  EXPECT_EQ(url.user, "shop@home");
  EXPECT_EQ(url.password, std::string("p/w:%\0", 6));
}

TEST(RedisUrl, ToleratesAnAtSignInThePassword) {
  const auto url = parse_redis_url("redis://:a@b@cache");
  EXPECT_EQ(url.password, "a@b");
  EXPECT_EQ(url.host, "cache");
}

TEST(RedisUrl, TakesIpv6InBrackets) {
  const auto url = parse_redis_url("redis://[fe80::1]:6380/1");
  EXPECT_EQ(url.host, "fe80::1");
  EXPECT_EQ(url.port, 6380);
  EXPECT_EQ(url.server(), "[fe80::1]:6380");
  EXPECT_EQ(parse_redis_url("redis://[::1]").port, 6379);
}

TEST(RedisUrl, NamesAUnixSocket) {
  for (const auto* scheme : {"redis+unix://", "unix://"}) {
    const auto url = parse_redis_url(std::string{scheme} + "/run/my%20redis.sock?db=2&prefix=shop");
    EXPECT_EQ(url.socket_path, "/run/my redis.sock");
    EXPECT_EQ(url.host, "");
    EXPECT_EQ(url.database, 2);
    EXPECT_EQ(url.prefix, "shop");
    EXPECT_EQ(url.server(), "/run/my redis.sock");
  }
}

TEST(RedisUrl, TakesAPasswordForAUnixSocket) {
  const auto url = parse_redis_url("redis+unix://shop:secret@/run/redis.sock");
  EXPECT_EQ(url.user, "shop");
  EXPECT_EQ(url.password, "secret");
  EXPECT_EQ(url.socket_path, "/run/redis.sock");
}

struct WrongUrl {
  const char* url;
  const char* part;

  friend void PrintTo(const WrongUrl& wrong, std::ostream* out) { *out << wrong.part; }
};

class WrongRedisUrl : public ::testing::TestWithParam<WrongUrl> {};

TEST_P(WrongRedisUrl, IsRefusedByNamingThePartButNotThePassword) {
  EXPECT_THAT(complaint(GetParam().url), AllOf(HasSubstr(GetParam().part), Not(HasSubstr("s3cret"))));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongRedisUrl,
    ::testing::Values(
        WrongUrl{"", "scheme"}, WrongUrl{"localhost:6379", "scheme"},
        WrongUrl{"amqp://:s3cret@host", "scheme"}, WrongUrl{"redis://", "host"},
        WrongUrl{"redis:///0", "host"}, WrongUrl{"redis://:s3cret@", "host"},
        WrongUrl{"redis://[::1", "host"}, WrongUrl{"redis://[::1]6379", "host"},
        WrongUrl{"redis://:s3cret@host:", "port"}, WrongUrl{"redis://:s3cret@host:0", "port"},
        WrongUrl{"redis://:s3cret@host:65536", "port"}, WrongUrl{"redis://host:63 79", "port"},
        WrongUrl{"redis://:s3cret/x@host", "port"}, WrongUrl{"redis://s3cret@host", "password"},
        WrongUrl{"redis://user:s3cret%4@host", "password"},
        WrongUrl{"redis://user:s3cret%xy@host", "password"}, WrongUrl{"redis://:s3cret@host/one", "database"},
        WrongUrl{"redis://:s3cret@host/-1", "database"},
        WrongUrl{"redis://:s3cret@host/99999999999", "database"}, WrongUrl{"redis://host?prefix=", "prefix"},
        WrongUrl{"redis://host?prefix=a{b}", "prefix"}, WrongUrl{"redis://host?prefix=a%20b", "prefix"},
        WrongUrl{"redis://host?db=1", "query"}, WrongUrl{"redis://host?password=s3cret", "query"},
        WrongUrl{"redis://host?tls_ca=/ca.crt", "rediss://"}, WrongUrl{"rediss://host?tls_ca=", "tls_ca"},
        WrongUrl{"rediss://:s3cret@host?tls_verify=no", "tls_server_name"},
        WrongUrl{"rediss://host?tls_server_name=", "tls_server_name"},
        WrongUrl{"rediss://host?tls_cert=/a.crt", "tls_key"},
        WrongUrl{"rediss://host?tls_key=/a.key", "tls_cert"},
        WrongUrl{"rediss://host?ssl_cert_reqs=none", "query"}, WrongUrl{"redis+unix:///s?tls_ca=/ca", "TLS"},
        WrongUrl{"redis://:s3cret@host?password_file=/s3cret", "password_file"},
        WrongUrl{"redis://host?password_file=", "password_file"},
        WrongUrl{"redis+sentinel://s1", "master's name"}, WrongUrl{"redis+sentinel:///main", "host"},
        WrongUrl{"redis+sentinel://s1,/main", "host"}, WrongUrl{"redis+sentinel://:s3cret@s1:0/main", "port"},
        WrongUrl{"redis+sentinel://s1/ma@in", "master's name"},
        WrongUrl{"redis+sentinel://s1/main/x", "database"},
        WrongUrl{"redis+sentinel://s1/main?sentinel_user=s3cret", "sentinel_password"},
        WrongUrl{"redis+sentinel://s1/main?db=1", "query"}, WrongUrl{"redis://s1/0?sentinel_user=u", "query"},
        WrongUrl{"redis+cluster://", "host"}, WrongUrl{"redis+cluster://n1,/", "host"},
        WrongUrl{"redis+cluster://:s3cret@n1:0/", "port"}, WrongUrl{"redis+cluster://n1/1", "database"},
        WrongUrl{"redis+cluster://n1/x", "database"}, WrongUrl{"redis+cluster://n1/?shards=0", "shards"},
        WrongUrl{"redis+cluster://n1/?shards=49", "shards"},
        WrongUrl{"redis+cluster://n1/?shards=2&only=2", "only"},
        WrongUrl{"redis+cluster://n1/?only=x", "only"}, WrongUrl{"redis+cluster://n1/?db=0", "query"},
        WrongUrl{"redis+cluster://n1/?tls_ca=/ca", "TLS"}, WrongUrl{"redis://n1/?shards=2", "query"},
        WrongUrl{"redis+unix://run/redis.sock", "socket path"}, WrongUrl{"redis+unix://", "socket path"},
        WrongUrl{"unix:///run/redis.sock?db=x", "database"}),
    [](const auto& wrong) { return "Url" + std::to_string(wrong.index); });

TEST(RedisUrl, AsksForTlsByItsScheme) {
  EXPECT_FALSE(parse_redis_url("redis://cache").tls);
  const auto url = parse_redis_url("rediss://shop:secret@cache:6380/3?prefix=shop");
  ASSERT_TRUE(url.tls);
  EXPECT_EQ(url.tls->ca_file + url.tls->cert_file + url.tls->key_file + url.tls->server_name, "");
  EXPECT_EQ(url.server(), "cache:6380");
  EXPECT_EQ(url.database, 3);
}

TEST(RedisUrl, NamesAFileWithThePassword) {
  const auto url = parse_redis_url("redis://shop@cache?password_file=/run/secrets/redis");
  EXPECT_EQ(url.user, "shop");
  EXPECT_EQ(url.password, "");
  EXPECT_EQ(url.password_file, "/run/secrets/redis");
  EXPECT_EQ(parse_redis_url("redis+unix:///s?password_file=p&db=2").password_file, "p");
}

TEST(RedisUrl, MayNameItsShard) {
  EXPECT_EQ(parse_redis_url("redis://cache/0?shard=one").shard, "one");
  EXPECT_EQ(parse_redis_url("redis://cache/0").shard, "");
  EXPECT_THROW(parse_redis_url("redis://cache/0?shard=a%20b"), ConfigError);
}

TEST(RedisUrl, NamesSentinelsAndWhatTheyCallTheMaster) {
  const auto url = parse_redis_url(
      "redis+sentinel://shop:secret@s1,[::1]:26380/main-1/"
      "3?sentinel_user=me&sentinel_password=hidden&prefix=p");
  ASSERT_EQ(url.sentinels.size(), 2U);
  EXPECT_EQ(url.sentinels[0].server(), "s1:26379");
  EXPECT_EQ(url.sentinels[1].server(), "[::1]:26380");
  EXPECT_EQ(url.sentinels[1].user + ":" + url.sentinels[1].password, "me:hidden");
  EXPECT_EQ(url.user + ":" + url.password, "shop:secret");
  EXPECT_EQ(url.database, 3);
  EXPECT_EQ(url.prefix, "p");
  EXPECT_EQ(url.server(), "main-1 of s1:26379, [::1]:26380");
  const auto found = url.at("10.0.0.7", 6380);
  EXPECT_EQ(found.server(), "10.0.0.7:6380");
  EXPECT_EQ(found.password, "secret");
}

TEST(RedisUrl, AsksSentinelsAndTheMasterForTls) {
  const auto url = parse_redis_url("rediss+sentinel://s1/main?tls_ca=/ca.crt&sentinel_password_file=/p");
  ASSERT_TRUE(url.tls && url.sentinels.at(0).tls);
  EXPECT_EQ(url.tls->ca_file + url.sentinels[0].tls->ca_file, "/ca.crt/ca.crt");
  EXPECT_EQ(url.sentinels[0].password_file, "/p");
}

TEST(RedisUrl, NamesNodesOfAClusterAndAShardOfIt) {
  const auto url =
      parse_redis_url("redis+cluster://shop:secret@n1,[::1]:7001/0?shards=12&only=11&prefix=p&shard=big");
  ASSERT_EQ(url.nodes.size(), 2U);
  EXPECT_EQ(url.user + ":" + url.password, "shop:secret");
  EXPECT_EQ(url.shards, 12U);
  EXPECT_EQ(url.only, 11U);
  EXPECT_EQ(url.prefix + url.shard, "pbig");
  EXPECT_EQ(url.tag, "11.0");
  EXPECT_EQ(url.server(), "shard 11 of the cluster at n1:6379, [::1]:7001");
  const auto node = url.at("10.0.0.7", 7002);
  EXPECT_EQ(node.server() + node.password + node.tag, "10.0.0.7:7002secret11.0");
  const auto all = parse_redis_url("rediss+cluster://n1?tls_ca=/ca.crt&password_file=/p");
  EXPECT_TRUE(all.tls && !all.only);
  EXPECT_EQ(all.shards, 6U);
  EXPECT_EQ(parse_redis_url("redis://n1").tag, "");
}

TEST(RedisUrl, NamesTheFilesOfTls) {
  const auto url = parse_redis_url(
      "rediss://cache?tls_ca=/etc/my%20ca.crt&tls_cert=/etc/a.crt&tls_key=/etc/"
      "a.key&tls_server_name=redis.internal");
  ASSERT_TRUE(url.tls);
  EXPECT_EQ(url.tls->ca_file, "/etc/my ca.crt");
  EXPECT_EQ(url.tls->cert_file, "/etc/a.crt");
  EXPECT_EQ(url.tls->key_file, "/etc/a.key");
  EXPECT_EQ(url.tls->server_name, "redis.internal");
}

TEST(MaskedUrl, HidesThePassword) {
  EXPECT_EQ(masked_url("redis://shop:s3cret@cache:6379/0"), "redis://shop:***@cache:6379/0");
  EXPECT_EQ(masked_url("redis://:s3cret@cache"), "redis://:***@cache");
  EXPECT_EQ(masked_url("rediss://:s3cret@cache?tls_ca=/ca.crt&tls_key=/a.key"),
            "rediss://:***@cache?tls_ca=/ca.crt&tls_key=/a.key");
  EXPECT_EQ(masked_url("redis://shop@cache?password_file=/run/s3cret"), "redis://***@cache?***");
  EXPECT_EQ(masked_url("redis+unix://shop:s3cret@/run/redis.sock"), "redis+unix://shop:***@/run/redis.sock");
}

TEST(MaskedUrl, HidesThePasswordOfEachOfSeveral) {
  EXPECT_EQ(masked_url("redis://:one@a/0 rediss://me:two@b/1?shard=x\tredis://c"),
            "redis://:***@a/0 rediss://me:***@b/1?shard=x redis://c");
  EXPECT_EQ(masked_url("rediss+cluster://me:two@a,b:7001/?shards=8&only=3&password_file=/p"),
            "rediss+cluster://me:***@a,b:7001/?shards=8&only=3&***");
}

TEST(MaskedUrl, HidesAPasswordThatWasTypedWrong) {
  EXPECT_EQ(masked_url("redis://:s3/cr@t@cache"), "redis://:***@cache");
  EXPECT_EQ(masked_url("redis://s3cret@cache"), "redis://***@cache");
}

TEST(MaskedUrl, LeavesOthersAlone) {
  EXPECT_EQ(masked_url("redis://cache:6379/0?prefix=ac"), "redis://cache:6379/0?prefix=ac");
  EXPECT_EQ(masked_url("memory://test"), "memory://test");
}

TEST(MakeBroker, ChoosesByTheSchemeWithoutConnecting) {
  EXPECT_NE(make_broker("redis://192.0.2.1:6379"), nullptr);
  EXPECT_NE(make_broker("memory://test"), nullptr);
  EXPECT_THROW(make_broker("memory://"), ConfigError);
  EXPECT_THROW(make_broker("rabbit://host"), ConfigError);
}

}  // namespace
}  // namespace aftercommit
