/// What the bodies of the test tasks share, and where each subject gives its tasks theirs.
#pragma once

#include <stdexcept>
#include <string>

#include "support/programs/test_tasks.hpp"

namespace aftercommit::support {

extern App app;
extern const TestTasks tasks;

/// A second way to the same database: each statement commits by itself, whatever becomes of the task.
Database& journal();

void note(const Job& job, const std::string& text);
/// How a body begins: see TestTasks.
void begin(Job& job, long value);

struct DeliberateFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// For ever.
void hang();

void define_batch_tasks();
void define_dying_tasks();
void define_failing_tasks();
void define_flow_tasks();
void define_limit_tasks();
void define_middleware_tasks();
void define_result_tasks();
void define_transaction_tasks();
void define_slow_tasks();
void define_process_tasks();

}  // namespace aftercommit::support
