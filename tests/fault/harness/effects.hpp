/// What the bodies of the tasks do: the line that no rollback undoes, and the effect that one does.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "aftercommit/job.hpp"

namespace aftercommit::fault {

/// Thrown on purpose.
struct Deliberate : std::runtime_error {
  explicit Deliberate(int attempt);
};

/// A line in the runs file.
void note_run(const JobId& job, int attempt);
void note_run(const Job& job);

void add_one(Job& job, long slot);
void add_one(Transaction& tx, long slot);
/// A row in `effect`, whose id is given back, and one more in the slot.
long take_effect(Job& job, long slot, const std::optional<std::string>& child = {});
/// The same of a job that is a flow, in a step.
long take_effect(Transaction& tx, const Job& job, long slot, const std::optional<std::string>& child = {});

}  // namespace aftercommit::fault
