/* Our best deflate encoder. */
#define FUZZ_LEVEL DEFLATE_LEVEL_MAX
#include "deflate_level.h"
