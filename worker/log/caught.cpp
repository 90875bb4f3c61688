#include "worker/log/caught.hpp"

#include <cxxabi.h>

#include <exception>
#include <typeinfo>

#include "aftercommit/error.hpp"
#include "base/text/type_name.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::worker {

std::string type_of_caught() {
  const auto* const type = abi::__cxa_current_exception_type();
  return type != nullptr ? type_name(*type) : "";
}

std::string what_was_caught() {
  try {
    throw;
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return detail::first_line(error);
  } catch (...) {
    return "what was thrown is no std::exception";
  }
}

}  // namespace aftercommit::worker
