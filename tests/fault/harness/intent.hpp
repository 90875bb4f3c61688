/// What a producer meant to do, and what it saw: a file outside the databases, which the oracle believes.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aftercommit::fault {

/// One job as it was asked for.
struct IntendedJob {
  std::string id;
  std::string task;
  bool durable = true;       ///< otherwise on commit
  bool rolled_back = false;  ///< in a savepoint that was rolled back
  long long asked_ms = 0;    ///< since 1970, a moment before it was asked for
  long long countdown_ms = 0;
};

/// How the block ended for the producer.
enum class Outcome {
  kUnknown,     ///< nothing was noted, or the commit was in doubt: `biz` tells
  kOk,          ///< it returned
  kUnsent,      ///< committed, but jobs are named as perhaps not sent
  kRolledBack,  ///< rolled back, as it should be
  kError,       ///< failed before its commit
};

/// One transaction.
struct Intent {
  long number = 0;  ///< unique over all producers of a test; also in `biz`
  bool commits = true;
  std::vector<IntendedJob> jobs{};
  Outcome outcome = Outcome::kUnknown;
  std::vector<std::string> unsent{};  ///< with kUnsent
};

/// Appends lines, each by a single write that is on disk when the call returns.
class IntentFile {
 public:
  explicit IntentFile(const std::filesystem::path& path);
  ~IntentFile();
  IntentFile(const IntentFile&) = delete;
  IntentFile& operator=(const IntentFile&) = delete;

  /// Before the COMMIT is sent.
  void note_wish(const Intent& intent);
  /// Once the block has been left.
  void note_outcome(const Intent& intent);

 private:
  void append(const std::string& line);

  int file_ = -1;
};

/// All transactions of these files, by number.  A line that breaks off (its writer was killed) is none.
std::map<long, Intent> read_intents(const std::vector<std::filesystem::path>& files);

}  // namespace aftercommit::fault
