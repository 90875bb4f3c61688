#include "client/app/middleware.hpp"

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"

namespace aftercommit::detail {
namespace {

/// What stands between two middlewares, for one call of the outer one.
class Layer : public Step {
 public:
  /// `place`: of the outer one, from 1.  The others outlive this.
  Layer(std::size_t place, std::string_view side, std::string_view task)
      : place_{place}, side_{side}, task_{task} {}

  void go() final {
    try {
      if (std::exchange(called_, true)) throw UsageError{says("called next() twice")};
      enter();
    } catch (...) {
      thrown_ = std::current_exception();
      throw;
    }
  }

  /// The outer one has returned normally.
  void is_left() const {
    if (!called_) throw UsageError{says("did not call next()")};
    if (thrown_) std::rethrow_exception(thrown_);
  }

 protected:
  ~Layer() = default;

 private:
  virtual void enter() = 0;

  std::string says(std::string_view what) const {
    return "middleware " + std::to_string(place_) + " around " + std::string{side_} + " of task '" +
           std::string{task_} + "' " + std::string{what} + ": it has to call it once, or to throw";
  }

  const std::size_t place_;
  const std::string_view side_;
  const std::string_view task_;
  bool called_ = false;
  std::exception_ptr thrown_{};
};

/// Nothing is owned; all outlives this.
template <class Subject>
struct Layers {
  const std::vector<std::function<void(Subject&, const Next&)>>& middlewares;
  Subject& subject;
  const std::function<void()>& core;
  std::string_view side;
  std::string_view task;

  void enter(std::size_t index) {
    struct Within final : Layer {
      Within(Layers& all, std::size_t inner) : Layer{inner, all.side, all.task}, layers{all}, next{inner} {}
      void enter() override { layers.enter(next); }

      Layers& layers;
      const std::size_t next;
    };
    if (index == middlewares.size()) return core();
    Within within{*this, index + 1};
    middlewares[index](subject, Next{within});
    within.is_left();
  }
};

}  // namespace

void ask_within(const std::vector<AroundEnqueue>& middlewares, EnqueueCall& call,
                const std::function<void()>& ask) {
  Layers<EnqueueCall>{middlewares, call, ask, "enqueueing", call.task}.enter(0);
}

void run_within(const std::vector<AroundRun>& middlewares, Job& job, const std::function<void(Job&)>& body) {
  if (middlewares.empty()) return body(job);
  const std::function<void()> run = [&] { body(job); };
  Layers<Job>{middlewares, job, run, "the run", job.task()}.enter(0);
}

}  // namespace aftercommit::detail
