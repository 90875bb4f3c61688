/// A port that is listened at before anything else begins.
#pragma once

#include <string>

namespace aftercommit::worker {

/// The processes that are forked afterwards share it: what comes while one takes the place of another waits.
class ListeningSocket {
 public:
  /// `address`: as split_address() takes it.  Throws UsageError where nobody can listen there, saying why.
  explicit ListeningSocket(const std::string& address);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int file() const noexcept { return file_; }
  /// Where it listens, in numbers: "127.0.0.1:9394", "[::1]:9394".
  const std::string& address() const noexcept { return address_; }

 private:
  int file_ = -1;
  std::string address_;
};

}  // namespace aftercommit::worker
