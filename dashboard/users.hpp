/// Who may use the dashboard: the names and secrets of a file.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aftercommit::dashboard {

/// Somebody who is let in.
struct User {
  std::string name;        ///< for the log of changes
  bool may_change = true;  ///< else only looks
};

/// The lines of a file, `NAME:SECRET` or `NAME:SECRET:read`; empty ones and those that begin with # say
/// nothing.  Thread-safe.
class Users {
 public:
  enum class Kind : std::uint8_t {
    kTokens,     ///< a line may be the token alone, and its user is then called "token"
    kPasswords,  ///< one that begins with $ is a hash as of crypt(3): mkpasswd, htpasswd -B
  };

  /// Throws ConfigError where the file cannot be read, or says nothing of use: tokens have 16 characters at
  /// least, passwords 8.  No secret is in its sentences.
  Users(const std::string& file, Kind kind);

  Kind kind() const noexcept { return kind_; }
  /// Whom the token is of.  Takes the same time for any text of a length.
  std::optional<User> by_token(std::string_view token) const;
  /// Takes the same time whether or not there is somebody of this name, where passwords are kept as hashes.
  std::optional<User> by_password(std::string_view name, std::string_view password) const;

  /// Things to mend, in sentences: that others may read the file.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  struct Entry {
    User user;
    std::string secret;
  };

  void read_line(std::string_view line, int number);
  bool verify(const Entry& entry, std::string_view password) const;
  /// Of this password, as that of the entry was made; empty: it cannot be made.
  static std::string make_hash(const Entry& entry, std::string_view password);

  const std::string file_;
  const Kind kind_;
  std::vector<Entry> entries_;
  std::vector<std::string> warnings_;
  mutable std::mutex mutex_;
  /// The last right password of each user whose hash takes long to make: it is asked for with each request.
  mutable std::map<std::string, std::string, std::less<>> known_;  // with mutex_
};

/// Compares in a time that depends on the length of `given` alone.
bool equal_secrets(std::string_view secret, std::string_view given) noexcept;

/// What "Basic ..." holds: name and password; nothing: it is none.
std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization);

}  // namespace aftercommit::dashboard
