#include "options.h"

int sysprep_run(void *opts, char **operands, size_t n, struct err *e)
{
	(void)opts;
	(void)operands;
	(void)n;
	return err_set(e, ERR_UNSUPPORTED, "sysprep: not here yet");
}
