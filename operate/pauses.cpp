#include "operate/pauses.hpp"

namespace aftercommit::operate {

detail::PauseChange pause(Servers& servers, const Queue& queue) {
  return detail::pause_queue(servers.app().core(), queue);
}

detail::PauseChange resume(Servers& servers, const Queue& queue) {
  return detail::resume_queue(servers.app().core(), queue);
}

}  // namespace aftercommit::operate
