// What README.md leaves to the reader's program.
#include <iostream>
#include <string>
inline std::string email = "ada@example.org";
inline long order_id = 1;
bool mail_server_up();
// ---
inline const auto send_welcome_mail = app.task<long>("send_welcome_mail");
