/// Draws from a seed.
#pragma once

#include <cstdint>
#include <random>

namespace aftercommit::fault {

/// Those of one transaction, by its number alone.
class Dice {
 public:
  Dice(std::uint64_t seed, long number) {
    std::seed_seq mixed{seed, seed >> 32, static_cast<std::uint64_t>(number)};
    random_.seed(mixed);
  }
  bool falls(double share) { return std::uniform_real_distribution<>{}(random_) < share; }
  long between(long least, long most) { return std::uniform_int_distribution<long>{least, most}(random_); }

 private:
  std::mt19937_64 random_;
};

}  // namespace aftercommit::fault
