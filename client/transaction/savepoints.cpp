#include "client/transaction/savepoints.hpp"

#include <algorithm>

#include "aftercommit/error.hpp"

namespace aftercommit::detail {

void Savepoints::opened(std::string name, std::size_t level) {
  open_.push_back({std::move(name), hooks_.mark(), level});
}

Savepoints::Place Savepoints::find(std::string_view name, std::string_view verb) const {
  const auto found = std::ranges::find(open_, name, &Savepoint::name);
  if (found == open_.end()) {
    throw UsageError{"cannot " + std::string{verb} + " savepoint '" + std::string{name} + "' on " +
                     database_ + ": it does not exist, or was released or rolled back with one around it"};
  }
  return static_cast<Place>(found - open_.begin());
}

Savepoints::Place Savepoints::find_own(const SavepointId& id, std::uint64_t transaction, std::size_t level,
                                       std::string_view verb) const {
  const auto place =
      find(id.transaction == transaction ? std::string_view{id.name} : "of another transaction", verb);
  if (open_[place].level == level) return place;
  // The server would end the savepoints of the blocks inside with it, which are still to be left.
  throw UsageError{"cannot " + std::string{verb} + " savepoint '" + id.name + "' on " + database_ +
                   " in an atomic block inside the one that it was opened in: leave that block first"};
}

void Savepoints::released(Place place) { cut(place); }

void Savepoints::rolled_back(Place place) {
  hooks_.drop_since(open_[place].mark);
  cut(place + 1);
}

void Savepoints::clear() noexcept {
  open_.clear();
  made_ = 0;
}

void Savepoints::cut(std::size_t left) {
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(left), open_.end());
}

}  // namespace aftercommit::detail
