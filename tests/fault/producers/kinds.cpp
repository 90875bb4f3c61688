#include "fault/producers/kinds.hpp"

#include "support/fixtures/worker_process.hpp"

namespace aftercommit::fault {
namespace {

bool works(std::vector<std::string> command) {
  return support::WorkerProcess{std::move(command)}.exit_code() == 0;
}

}  // namespace

std::vector<ProducerKind> other_producer_kinds() {
  const std::string folder = AFTERCOMMIT_FAULT_PRODUCERS;
  const std::vector<std::string> python{AFTERCOMMIT_PYTHON, "-B", folder + "/producer.py"};
  std::vector<ProducerKind> kinds;
  for (const char* const name : {"pqxx", "libpq", "sql"}) {
    kinds.push_back({.name = name, .command = {AFTERCOMMIT_FOREIGN_PRODUCER, name}});
  }
  const auto add_python = [&](const std::string& name, const std::string& modules) {
    if (!works({AFTERCOMMIT_PYTHON, "-c", "import " + modules})) return;
    kinds.push_back({.name = name, .command = python});
    kinds.back().command.push_back(name);
  };
  add_python("psycopg2", "psycopg2");
  add_python("celery", "psycopg2, celery, redis");
  if (works({"/usr/bin/env", "node", "-e", "require('pg')"})) {
    kinds.push_back({.name = "node", .command = {"/usr/bin/env", "node", folder + "/producer.mjs"}});
  }
  return kinds;
}

std::vector<std::string> celery_lists() {
  return {"load",
          "load\x06\x16"
          "6",
          "ac:celery:{load}:taken"};
}

}  // namespace aftercommit::fault
