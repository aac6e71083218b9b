/* What every fuzzer defines. */
#ifndef KILN_FUZZ_FUZZ_H
#define KILN_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Parse data; abort() when an invariant is broken. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
