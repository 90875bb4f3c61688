// What README.md leaves to the reader's program.
#include <aftercommit/aftercommit.hpp>
#include <string>
inline std::string email = "ada@example.org";
inline aftercommit::App app{"shop"};
inline const auto send_welcome_mail = app.task<long>("send_welcome_mail");
