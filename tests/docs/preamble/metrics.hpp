// docs/guide/metrics.md goes on from the guide's first page.
#include "guide.md"
#include <iostream>
#include <memory>
