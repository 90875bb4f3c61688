/// What may be done with a transaction: its states, and what leads from one to the next.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aftercommit::detail {

///              enter                  take_begin                  fail
///    kNone ------------------> kDue ------------------> kRunning -----> kBroken
///      |  end (next has begun)            enter_ahead      ^  ^           | heal
///      +---------------------> kAhead ---------------------+  +-----------+
///
///    Each but kNone may become kLost or kForked, and ends in kNone.
///
/// Beside that an open one may be marked: its innermost block has to roll back.  For one thread.
class TransactionState {
 public:
  enum class Stage : std::uint8_t {
    kNone,
    kAhead,    ///< begun in the message of the COMMIT before; its block has not been entered
    kDue,      ///< open; BEGIN goes out with its first statement
    kRunning,  ///< open, on the server as well
    kBroken,   ///< a statement has failed: only a rollback goes on from there
    kLost,     ///< its connection has gone away, or was cut: the server rolls back
    kForked,   ///< of the parent of this process, where nothing may be sent for it
  };

  Stage stage() const noexcept { return stage_; }
  bool exists() const noexcept { return stage_ != Stage::kNone; }
  bool open() const noexcept { return stage_ >= Stage::kDue; }
  bool due() const noexcept { return stage_ == Stage::kDue; }
  bool broken() const noexcept { return stage_ >= Stage::kBroken; }
  bool lost() const noexcept { return stage_ >= Stage::kLost; }
  bool forked() const noexcept { return stage_ == Stage::kForked; }
  /// The server has it, and a connection leads there.
  bool on_server() const noexcept {
    return stage_ == Stage::kAhead || stage_ == Stage::kRunning || stage_ == Stage::kBroken;
  }
  bool marked() const noexcept { return mark_ != Mark::kNone; }
  /// The innermost block may keep what it did.
  bool healthy() const noexcept { return !broken() && !marked(); }
  /// What broke it, as a clause for messages; empty: nothing has.
  const std::string& failure() const noexcept { return failure_; }
  /// Why the innermost block rolls back, though nobody has asked for that; else empty.
  std::string surprise() const {
    if (healthy() || mark_ == Mark::kAsked) return {};
    if (broken()) return failure_;
    return "a block merged with it (savepoint = false) failed, whose exception was swallowed";
  }

  /// A block is entered, or a statement begins a transaction by hand.
  void enter(std::string begin) {
    assert(stage_ == Stage::kNone);
    stage_ = Stage::kDue;
    begin_ = std::move(begin);
  }
  void enter_ahead() noexcept {
    assert(stage_ == Stage::kAhead);
    stage_ = Stage::kRunning;
  }
  /// The BEGIN that is being sent.
  std::string take_begin() {
    assert(stage_ == Stage::kDue);
    stage_ = Stage::kRunning;
    return std::exchange(begin_, {});
  }
  void fail(std::string_view why) { worsen(Stage::kBroken, why); }
  void lose(std::string_view why) { worsen(Stage::kLost, why); }
  void fork(std::string_view why) { worsen(Stage::kForked, why); }
  /// A savepoint has been rolled back, and the failure with it.
  void heal() noexcept {
    if (stage_ != Stage::kBroken) return;
    stage_ = Stage::kRunning;
    failure_.clear();
  }
  /// Committed or rolled back.
  void end(bool next_has_begun) noexcept {
    stage_ = next_has_begun ? Stage::kAhead : Stage::kNone;
    mark_ = Mark::kNone;
    begin_.clear();
    failure_.clear();
  }

  /// A block inside could not be rolled back alone: it was merged with this one, or its savepoint was lost.
  void mark_failed() noexcept {
    if (mark_ == Mark::kNone) mark_ = Mark::kFailed;
  }
  /// As Django's set_rollback().
  void ask_rollback(bool rollback) noexcept { mark_ = rollback ? Mark::kAsked : Mark::kNone; }

 private:
  enum class Mark : std::uint8_t {
    kNone,
    kFailed,
    kAsked,  ///< to leave the block is then no surprise
  };

  void worsen(Stage stage, std::string_view why) {
    if (stage_ < stage) stage_ = stage;
    failure_ = why;
  }

  Stage stage_ = Stage::kNone;
  Mark mark_ = Mark::kNone;
  std::string begin_;  // with kDue
  std::string failure_;
};

}  // namespace aftercommit::detail
