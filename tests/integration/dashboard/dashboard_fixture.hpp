/// A dashboard over the small shop of the command's tests, and a client of it.
#pragma once

#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "dashboard/dashboard.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::support {

class DashboardTest : public CliTest {
 protected:
  ~DashboardTest() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  /// Serves until the end of the test, or until the next one.
  void serve(dashboard::Settings settings = {}) {
    stop();
    settings.port = 0;
    server_ = std::make_unique<dashboard::Dashboard>(std::move(settings), shop());
    thread_ = std::jthread{[this] { server_->run(); }};
  }
  void stop() {
    if (!server_) return;
    server_->stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }
  std::string file(const std::string& text) const {
    const auto path = folder_ / "users";
    std::ofstream{path} << text;
    return path.string();
  }
  int port() const { return server_->port(); }

  httplib::Headers change_headers() const {
    return {{"X-Aftercommit", "test"}, {"Origin", "http://127.0.0.1:" + std::to_string(port())}};
  }
  httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) const {
    httplib::Client client{"127.0.0.1", port()};
    return client.Get(path, headers);
  }
  httplib::Result post(const std::string& path, const nlohmann::json& body,
                       const httplib::Headers& headers) const {
    httplib::Client client{"127.0.0.1", port()};
    return client.Post(path, headers, body.dump(), "application/json");
  }
  httplib::Result post(const std::string& path, const nlohmann::json& body) const {
    return post(path, body, change_headers());
  }
  /// What a call gives that is to succeed.
  nlohmann::json json_of(const httplib::Result& result) const {
    if (!result) throw std::runtime_error{"no answer: " + httplib::to_string(result.error())};
    EXPECT_EQ(result->status, 200) << result->body;
    return nlohmann::json::parse(result->body);
  }

 private:
  const std::filesystem::path folder_ = temporary_folder("dashboard");
  std::unique_ptr<dashboard::Dashboard> server_;
  std::jthread thread_;
};

}  // namespace aftercommit::support
