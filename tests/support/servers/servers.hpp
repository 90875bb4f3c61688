/// The real Redis and PostgreSQL that the tests use, each test in a corner of its own.
#pragma once

#include <string>

namespace aftercommit::support {

/// REDIS_URL with a key prefix of its own, new at each call.  Throws a sentence that says how to run the
/// tests when it is not set.
std::string fresh_redis_url();

/// REDIS_URL as it is, for looking at Redis from outside.
std::string redis_url();

/// DATABASE_URL as it is.
std::string database_url();

/// Text that no other test uses, for names of keys and schemas.
std::string unique_name(const std::string& stem);

/// A schema of its own in the real database, dropped at the end.
class Schema {
 public:
  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  const std::string& name() const { return name_; }
  /// DATABASE_URL whose sessions see this schema first; `application` is their application_name.
  std::string url(const std::string& application = "test") const;

 private:
  std::string name_;
};

}  // namespace aftercommit::support
