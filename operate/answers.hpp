/// Which servers have answered: where one has not, what the others hold is a part of the whole.
#pragma once

#include <string>
#include <vector>

#include "operate/json.hpp"

namespace aftercommit::operate {

/// A server that did not answer, from the beginning or in the middle of a look.
struct Outage {
  std::string alias{};    ///< of the database; empty: Redis
  std::string shard{};    ///< the one of several of Redis that did not; empty: all of it
  std::string error{};    ///< a sentence
  bool too_slow = false;  ///< it was asked for more than it could give in the time, else it is away

  bool is_redis() const { return alias.empty(); }
};

/// Of one look at Redis and all databases.
struct Answers {
  std::vector<std::string> databases{};  ///< aliases of all that were asked
  std::vector<Outage> outages{};
  bool no_redis = false;  ///< there is none: it was not asked, and holds nothing

  bool from_all() const { return outages.empty(); }
  bool from_redis() const;         ///< at least one shard of it
  bool from_all_of_redis() const;  ///< every one
};

/// "Redis", "shard 'cache-2:6379/0' of Redis" or "database 'default'".
std::string name_of(const Outage& outage);

/// redis_answers, databases_answer, and by their aliases databases and databases_away.
Json in_json(const Answers& answers);

}  // namespace aftercommit::operate
