/// What holds for every part of a broker's interface.
#pragma once

namespace aftercommit {

/// Whoever uses one part takes that part alone.  Not thread-safe, nor are two parts of one broker; give each
/// thread a broker of its own.  Every call is bounded in time: it throws BrokerUnavailable when no reply came
/// in time (it may then have taken effect; all settling is safe to repeat) and BrokerRefused when the reply
/// was a refusal (it then had no effect).  After either the object stays usable: the next call connects anew.
class BrokerPart {
 public:
  virtual ~BrokerPart() = default;
  BrokerPart(const BrokerPart&) = delete;
  BrokerPart& operator=(const BrokerPart&) = delete;

 protected:
  BrokerPart() = default;
};

}  // namespace aftercommit
