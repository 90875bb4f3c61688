/// The words of the commands about jobs: which are meant, and what a new one is like.
#pragma once

#include <cxxopts.hpp>
#include <string_view>

#include "cli/options.hpp"
#include "operate/job_filter.hpp"

namespace aftercommit::cli {

/// jobs, job, enqueue, purge, workers and tasks: read_job_words() reads all their words but connections.
bool is_about_jobs(Command command);
/// The options of these, and those by which dead jobs are chosen.
void add_job_words(Command command, cxxopts::OptionAdder& add);
/// UsageError for what is wrong.
void read_job_words(const cxxopts::ParseResult& parsed, std::string_view command, Options& options);
/// Of dead list, retry and delete, all but queue, task, limit and ids.
void read_dead_words(const cxxopts::ParseResult& parsed, Options& options);

/// As of now.
operate::JobFilter filter_of(const Options& options);

}  // namespace aftercommit::cli
