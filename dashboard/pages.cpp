#include "dashboard/pages.hpp"

#include <array>
#include <cstdint>
#include <map>

#include "dashboard_pages.hpp"

namespace aftercommit::dashboard {
namespace {

namespace files = dashboard_pages;

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kScript = "text/javascript; charset=utf-8";

/// FNV-1a, 64 bits.
std::string etag_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  return '"' + std::to_string(hash) + '"';
}

std::map<std::string_view, Page> all_pages() {
  std::map<std::string_view, Page> pages;
  const auto add = [&](std::string_view path, std::string_view text, std::string_view type) {
    pages.emplace(path, Page{.text = text, .type = type, .etag = etag_of(text)});
  };
  for (const std::string_view path :
       {"/", "/queues", "/jobs", "/job", "/dead", "/periodic", "/workers", "/limits", "/audit", "/login"}) {
    add(path, files::index, kHtml);
  }
  add("/style.css", files::style, "text/css; charset=utf-8");
  add("/icon.svg", files::icon, "image/svg+xml");
  add("/app.js", files::app, kScript);
  add("/api.js", files::api, kScript);
  add("/dom.js", files::dom, kScript);
  add("/flow.js", files::flow, kScript);
  add("/format.js", files::format, kScript);
  add("/charts.js", files::charts, kScript);
  add("/dialogs.js", files::dialogs, kScript);
  add("/view_overview.js", files::view_overview, kScript);
  add("/view_queues.js", files::view_queues, kScript);
  add("/view_jobs.js", files::view_jobs, kScript);
  add("/view_job.js", files::view_job, kScript);
  add("/view_dead.js", files::view_dead, kScript);
  add("/view_periodic.js", files::view_periodic, kScript);
  add("/view_workers.js", files::view_workers, kScript);
  add("/view_limits.js", files::view_limits, kScript);
  add("/view_audit.js", files::view_audit, kScript);
  add("/view_login.js", files::view_login, kScript);
  return pages;
}

}  // namespace

const Page* find_page(std::string_view path) {
  static const auto pages = all_pages();
  const auto found = pages.find(path);
  return found == pages.end() ? nullptr : &found->second;
}

}  // namespace aftercommit::dashboard
