/// Logging in with a password that changes while a broker is in use.
#include "support/fixtures/redis_test.hpp"
#include "support/servers/certificates.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class RedisCredentials : public PrivateRedisTest {
 protected:
  std::string write(const std::string& password) const { return files.write("password", password); }

  const support::Certificates files;  // for its folder
  const std::string file = write("first\n");
  const std::string shop_url =
      "redis://shop@127.0.0.1:" + std::to_string(server.port()) + "?password_file=" + file;
};

TEST_F(RedisCredentials, AreRotatedWithTwoPasswordsAtOnce) {
  redis.ask("ACL", "SETUSER", "shop", "on", ">first", "~ac:*", "&ac:*", "+@all");
  Calls shop{shop_url};
  shop.enqueue({{"mail", "a"}});
  redis.ask("ACL", "SETUSER", "shop", ">second");
  write("second \r\n");
  redis.ask("ACL", "SETUSER", "shop", "<first");
  EXPECT_EQ(shop.counts().ready, 1) << "a connection stays logged in";
  redis.cut_others();
  EXPECT_EQ(shop.counts().ready, 1) << "and a new one takes the new password";
}

TEST_F(RedisCredentials, FromAFileThatIsBehindAreToldAndTakenOnceItIsRight) {
  redis.ask("ACL", "SETUSER", "shop", "on", ">second", "~ac:*", "&ac:*", "+@all");
  Calls shop{shop_url};
  EXPECT_THAT(complaint<BrokerRefused>([&] { shop.counts(); }),
              AllOf(HasSubstr("WRONGPASS"), HasSubstr("password_file"), Not(HasSubstr("first"))));
  write("second");
  EXPECT_EQ(shop.counts().ready, 0);
}

TEST_F(RedisCredentials, FromAFileThatCannotBeReadAreMissedByItsParameterAlone) {
  const auto with = [&](const std::string& path) {
    return complaint<BrokerRefused>([&] { Calls{server.tcp_url() + "?password_file=" + path}.counts(); });
  };
  EXPECT_THAT(with("/nowhere/s3cret"),
              AllOf(HasSubstr("names as password_file cannot be opened: No such file"),
                    HasSubstr("cannot log in to Redis at"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(with("/tmp"), HasSubstr("cannot be read: Is a directory"));
  EXPECT_THAT(with(write(" \n")), HasSubstr("is empty"));
  EXPECT_THAT(with(write(std::string(5000, 'x'))), HasSubstr("longer than 4096 bytes"));
}

}  // namespace
}  // namespace aftercommit
