/// The ways to ask for jobs beside the library's own blocks, each as a program.
#pragma once

#include <string>
#include <vector>

namespace aftercommit::fault {

struct ProducerKind {
  std::string name;
  std::vector<std::string> command;  ///< in front of INTENTS SEED FIRST COUNT PAUSE_MS
};

/// Those whose libraries are on this machine: libpqxx, libpq, SQL; psycopg2, Celery and Node, where they are
/// found.
std::vector<ProducerKind> other_producer_kinds();

/// The lists of Redis, for the queue of the load, in which clients of Celery and bridges have messages.
std::vector<std::string> celery_lists();

}  // namespace aftercommit::fault
