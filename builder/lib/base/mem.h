/* Memory and descriptors: checked allocation, cleanup attributes for the error path. */
#ifndef KILN_BASE_MEM_H
#define KILN_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Allocation. All return NULL and set *e (ERR_INTERNAL) when there is no memory; the caller frees
 * the result with free(). mem_zalloc and mem_array give zeroed memory. */
void *mem_zalloc(size_t size, struct err *e);
void *mem_array(size_t n, size_t size, struct err *e);
/* Resize to n elements of size bytes each, overflow checked; new elements are not cleared. */
void *mem_resize(void *p, size_t n, size_t size, struct err *e);
char *mem_strdup(const char *s, struct err *e);
char *mem_strndup(const char *s, size_t len, struct err *e);
char *mem_printf(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Overflow-checked arithmetic: true when the result fits and was stored in *out. */
static inline bool mem_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}
static inline bool mem_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* Declare `cleanup_NAME`: at the end of the variable's scope FREE is called with its value. */
#define MEM_DEFINE_CLEANUP(name, type, free_fn)        \
	static inline void mem_cleanup_##name(type *p) \
	{                                              \
		free_fn(*p);                           \
	}
#define MEM_CLEANUP(name) __attribute__((cleanup(mem_cleanup_##name)))

void mem_free_ptr(void *pp);   /* frees *(void **)pp */
void mem_close_fd(int *fd);    /* closes *fd when it is >= 0 */
void mem_close_file(FILE **f); /* closes *f when it is not NULL */

#define cleanup_free __attribute__((cleanup(mem_free_ptr)))
#define cleanup_close __attribute__((cleanup(mem_close_fd)))
#define cleanup_fclose __attribute__((cleanup(mem_close_file)))

/* Take the value out of a cleanup variable so that it survives the scope. */
#define steal_ptr(pp)                            \
	__extension__({                          \
		__auto_type mem_stolen_ = *(pp); \
		*(pp) = NULL;                    \
		mem_stolen_;                     \
	})
static inline int steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

#endif
