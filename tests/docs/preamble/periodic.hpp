// docs/guide/periodic.md goes on from the guide's first page.
#include <string>

#include "guide.md"
