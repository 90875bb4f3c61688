// docs/guide/queues.md goes on from the guide's first page.
#include "guide.md"
