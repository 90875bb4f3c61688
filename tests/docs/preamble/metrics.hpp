// docs/guide/metrics.md goes on from the guide's first page.
#include <iostream>
#include <memory>

#include "guide.md"
