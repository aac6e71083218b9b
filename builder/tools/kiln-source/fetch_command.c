#include "options.h"
int source_fetch(void *opts, char **operands, size_t n, struct err *e)
{
	(void)opts;
	(void)operands;
	(void)n;
	return err_set(e, ERR_UNSUPPORTED, "x");
}
int source_repo(void *opts, char **operands, size_t n, struct err *e)
{
	(void)opts;
	(void)operands;
	(void)n;
	return err_set(e, ERR_UNSUPPORTED, "x");
}
int source_verify(void *opts, char **operands, size_t n, struct err *e)
{
	(void)opts;
	(void)operands;
	(void)n;
	return err_set(e, ERR_UNSUPPORTED, "x");
}
