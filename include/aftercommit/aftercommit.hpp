/// All that an application needs, in one include; the worker and the HTTP wrapper have headers of their own.
#pragma once

#include "aftercommit/app.hpp"
#include "aftercommit/cancel.hpp"
#include "aftercommit/database.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/headers.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/middleware.hpp"
#include "aftercommit/priority.hpp"
#include "aftercommit/result.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/task.hpp"
#include "aftercommit/trace.hpp"
#include "aftercommit/transaction.hpp"
#include "aftercommit/unique.hpp"
