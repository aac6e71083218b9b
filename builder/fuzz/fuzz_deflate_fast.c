/* Our fastest deflate encoder. */
#define FUZZ_LEVEL DEFLATE_LEVEL_MIN
#include "deflate_level.h"
