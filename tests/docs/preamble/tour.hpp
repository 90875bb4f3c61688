// What docs/guide/tour.md leaves to the reader's program.
#include <iostream>
inline long order_id = 1;
bool mail_server_up();
