// docs/guide/transactions.md goes on from the guide's first page.
#include <iostream>
#include <pqxx/except>
#include <stdexcept>

#include "guide.md"
