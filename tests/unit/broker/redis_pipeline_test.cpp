/// The bytes that go to Redis.
#include "broker/redis/wire/redis_pipeline.hpp"

#include <gtest/gtest.h>

#include "broker/redis/wire/sha1.hpp"

namespace aftercommit {
namespace {

using namespace std::string_view_literals;

TEST(RedisPipeline, SendsEveryWordWithItsLength) {
  RedisPipeline commands;
  commands.add("XADD", "ac:{mail}:stream", "*", "e", "a\0\r\n"sv);
  EXPECT_EQ(commands.bytes(),
            "*5\r\n$4\r\nXADD\r\n$16\r\nac:{mail}:stream\r\n$1\r\n*\r\n$1\r\ne\r\n$4\r\na\0\r\n\r\n"sv);
}

TEST(RedisPipeline, WritesNumbersAsText) {
  RedisPipeline commands;
  commands.add("ZREM", -5, 12345678901LL);
  EXPECT_EQ(commands.bytes(), "*3\r\n$4\r\nZREM\r\n$2\r\n-5\r\n$11\r\n12345678901\r\n");
}

TEST(RedisPipeline, SaysWhatACommandDoesToWhichKey) {
  RedisPipeline commands;
  commands.add("PING");
  commands.add("XADD", "ac:{mail}:stream", "*", "e", "x:{y}");
  const RedisScript script{"ack", "return 1", sha1_hex("return 1")};
  commands.begin_script(script, {"ac:{sms}:stream"}, 0);
  EXPECT_EQ(commands.what(0), "PING");
  EXPECT_EQ(commands.what(1), "XADD on ac:{mail}:stream");
  EXPECT_EQ(commands.what(2), "the script ack on ac:{sms}:stream");
}

TEST(RedisPipeline, CallsAScriptByItsNameOrByItsText) {
  const RedisScript script{"ack", "return 1", sha1_hex("return 1")};
  RedisPipeline commands;
  commands.begin_script(script, {"k"}, 2);
  commands.word("a");
  commands.word("b");
  commands.add("PING");
  EXPECT_EQ(commands.bytes(), "*6\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha +
                                  "\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n");
  RedisPipeline as_text;
  commands.add_as_text(0, as_text);
  EXPECT_EQ(as_text.bytes(),
            "*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n");
}

TEST(Sha1, AgreesWithTheStandard) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(sha1_hex(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, PadsEveryLength) {  // 55, 56, 63 and 64 bytes are where blocks change
  EXPECT_EQ(sha1_hex(std::string(55, 'a')), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  EXPECT_EQ(sha1_hex(std::string(56, 'a')), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  EXPECT_EQ(sha1_hex(std::string(63, 'a')), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  EXPECT_EQ(sha1_hex(std::string(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

}  // namespace
}  // namespace aftercommit
