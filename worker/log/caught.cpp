#include "worker/log/caught.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

#include "aftercommit/error.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::worker {

std::string type_of_caught() {
  const auto* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return {};
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name{
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free};
  return name ? name.get() : type->name();
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
