/// All that an application needs, in one include; the worker and the HTTP wrapper have headers of their own.
#pragma once

#include "aftercommit/app.hpp"
#include "aftercommit/database.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/task.hpp"
#include "aftercommit/transaction.hpp"
