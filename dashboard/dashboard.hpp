/// The dashboard as a whole: a server of pages and of the JSON that they show.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dashboard/settings.hpp"
#include "operate/connections.hpp"

namespace aftercommit::dashboard {

class Dashboard {
 public:
  /// Listens at once, and answers from run() on.  Throws UsageError for settings that do not go together,
  /// among them an address that others can reach without a token or password; ConfigError where it cannot
  /// listen, or a file is of no use.  The servers need not answer.
  Dashboard(Settings settings, operate::Connections connections);
  ~Dashboard();

  int port() const noexcept;
  /// "http://127.0.0.1:8080/jobs/", for people.
  std::string url() const;
  /// Things to mend, in sentences.
  const std::vector<std::string>& warnings() const noexcept;

  /// Answers until stop(); to be called once.
  void run();
  /// From any thread; requests that are under way are answered.
  void stop();

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace aftercommit::dashboard
