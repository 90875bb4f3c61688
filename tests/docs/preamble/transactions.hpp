// docs/guide/transactions.md goes on from the guide's first page.
#include "guide.md"
#include <iostream>
#include <stdexcept>
#include <pqxx/except>
