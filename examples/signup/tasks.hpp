/// The app and its tasks as both sides see them: the web app asks for them, the worker runs them (tasks.cpp).
#pragma once

#include <chrono>

#include "aftercommit/aftercommit.hpp"

namespace signup {

/// Finds its servers by REDIS_URL and DATABASE_URL.
inline aftercommit::App app{"signup"};

inline const auto send_welcome_mail = app.task<long>("send_welcome_mail", {.queue = "mail"});

/// The same without retries: they would find the user a moment later, and hide that the first attempt came
/// too early.
inline const auto send_welcome_mail_naive =
    app.task<long>("send_welcome_mail_naive", {.queue = "mail", .max_retries = 0});

/// Fails twice before it succeeds.
inline const auto update_crm = app.task<long>(
    "update_crm", {.max_retries = 5, .backoff = aftercommit::fixed(std::chrono::milliseconds{200})});

inline const auto remind = app.task<long>("remind");
inline constexpr std::chrono::seconds kRemindAfter{1};

/// An order, step by step: see order_flow.cpp.
inline const auto fulfil = app.flow<long>("fulfil");
inline constexpr std::chrono::seconds kCoolingOff{10};
inline constexpr std::chrono::hours kApprovedWithin{1};

}  // namespace signup
