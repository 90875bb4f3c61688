/// What goes out in one message with COMMIT: it is committed together, or not at all.
#pragma once

#include <string>

#include "client/statements/riders.hpp"
#include "client/statements/statements.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "client/transaction/durable_insert.hpp"

namespace aftercommit::detail {

/// In the order in which it is sent.  Nothing is owned.
struct CommitMessage {
  const Riders* riders;  ///< of the transaction that commits; null: it has none
  PendingJobs jobs;      ///< that are to be rows of it, of one statement
  const Riders* next;    ///< of the transaction that begins behind it; null: none does

  /// `writer` writes statements and text for one session: a Connection.
  template <class Writer>
  std::string text(const Statements& statements, Writer& writer) const {
    std::string text;
    if (riders != nullptr) {
      riders->with_commit.for_each([&](const Rider& rider) { writer.append(text, rider); });
      const auto& history = riders->of_history;
      if (!history.open.empty()) {
        if (history.note_savepoint != nullptr) writer.append(text, Rider{history.note_savepoint, {}});
        text += "RELEASE SAVEPOINT " + history.open + "; ";
      }
      history.keep.for_each([&](const Rider& rider) { writer.append(text, rider); });
    }
    if (!jobs.empty()) append_durable_jobs(text, statements, jobs, writer);
    text += "COMMIT";
    if (next != nullptr) writer.append(text += "; BEGIN; ", next->with_begin);
    return text;
  }
};

}  // namespace aftercommit::detail
