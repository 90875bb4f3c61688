// docs/guide/results.md goes on from the guide's first page.
#include <cstdint>
#include <iostream>
#include <pqxx/result>
#include <pqxx/row>
#include <string>
#include <vector>

#include "guide.md"
