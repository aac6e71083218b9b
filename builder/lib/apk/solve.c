#include "apk/solve.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apk/providers.h"
#include "apk/version.h"
#include "base/buf.h"
#include "base/mem.h"

#define ASKED SIZE_MAX        /* in place of a package: who asked for the wanted atoms */
#define NOBODY (SIZE_MAX - 1) /* in place of a package: no single one is the cause */

/* Choices are made one after the other, each the best there is. One that turns out impossible is
 * excluded, together with the reason, and everything is begun anew without it; an exclusion holds
 * for as long as the package that caused it is not excluded itself. What cannot be satisfied
 * excludes the package that needs it, so that at last the wanted atoms either hold or tell why
 * not. */

struct package_state {
	bool chosen;
	bool asked; /* chosen for a wanted atom */
	bool by_install_if;
	char *excluded;      /* why; NULL: it is not */
	size_t excluded_for; /* the package that is the cause, or NOBODY */
};

/* An atom and the package whose dependency it is, or ASKED. */
struct need {
	const struct apk_atom *atom;
	size_t package;
};

struct solver {
	const struct apk_index *index;
	struct apk_providers providers;
	struct apk_atom *wanted;
	size_t n_wanted;
	struct strv texts; /* what the wanted atoms point into */
	struct package_state *states;
	size_t *order; /* chosen packages, as they were chosen */
	size_t n;
	struct need *put_off; /* on virtual names, until all else is chosen */
	size_t n_put_off;
	bool again; /* something was excluded */
};

static int put_atom(struct buf *b, const struct apk_atom *a, struct err *e)
{
	if (buf_printf(b, e, "%s%s", a->conflict ? "!" : "", a->name) < 0)
		return -1;
	if (!a->version)
		return 0;
	return buf_printf(b, e, "%s%s%s%s%s", a->orders & APK_LESS ? "<" : "",
		a->orders & APK_GREATER ? ">" : "", a->fuzzy ? "~" : "",
		a->orders & APK_EQUAL && (!a->fuzzy || a->orders != APK_EQUAL) ? "=" : "",
		a->version);
}

static int put_package(struct buf *b, const struct solver *s, size_t package, struct err *e)
{
	const struct apk_package *p = &s->index->packages[package];

	return buf_printf(b, e, "%s-%s", p->name, p->version);
}

/* Exclude a package for a reason, which is owned from now on, and lift what it had caused. */
static int exclude(struct solver *s, size_t package, size_t cause, char *why, struct err *e)
{
	if (!why)
		return err_nomem(e);
	free(s->states[package].excluded);
	s->states[package].excluded = why;
	s->states[package].excluded_for = cause;
	s->again = true;
	for (size_t i = 0; i < s->index->n; i++) {
		if (s->states[i].excluded && s->states[i].excluded_for == package) {
			free(s->states[i].excluded);
			s->states[i].excluded = NULL;
		}
	}
	return 0;
}

/* A chosen package that provides what the atom names; NOBODY when there is none. */
static size_t find_chosen(const struct solver *s, const struct apk_atom *a)
{
	size_t n;
	const struct apk_provider *p = apk_providers_find(&s->providers, a->name, &n);

	for (size_t i = 0; i < n; i++) {
		if (s->states[p[i].package].chosen && apk_atom_fits(a, p[i].version))
			return p[i].package;
	}
	return NOBODY;
}

/* A chosen package that holds the name with some version, other than except: a second one cannot
 * be installed. */
static size_t find_holder(const struct solver *s, const char *name, size_t except)
{
	size_t n;
	const struct apk_provider *p = apk_providers_find(&s->providers, name, &n);

	for (size_t i = 0; i < n; i++) {
		if (s->states[p[i].package].chosen && p[i].version && p[i].package != except)
			return p[i].package;
	}
	return NOBODY;
}

static void choose(struct solver *s, size_t package, bool asked, bool by_install_if)
{
	s->states[package].chosen = true;
	s->states[package].asked = asked;
	s->states[package].by_install_if = by_install_if;
	s->order[s->n++] = package;
}

/* True when provider a of a name is to be taken rather than b, which stands before it. */
static bool is_better(
	const struct solver *s, const struct apk_provider *a, const struct apk_provider *b)
{
	const struct apk_package *x = &s->index->packages[a->package];
	const struct apk_package *y = &s->index->packages[b->package];
	int order = 0;

	if (a->version && b->version)
		order = apk_version_compare(a->version, b->version);
	if (order == 0 && strcmp(x->name, y->name) == 0)
		order = apk_version_compare(x->version, y->version);
	if (order != 0)
		return order > 0;
	if (x->provider_priority != y->provider_priority)
		return x->provider_priority > y->provider_priority;
	return x->repository < y->repository;
}

static bool chooses_by_itself(const struct solver *s, const struct apk_provider *p)
{
	return p->version || s->index->packages[p->package].provider_priority > 0;
}

static const struct apk_provider *find_best(const struct solver *s, const struct apk_atom *a)
{
	const struct apk_provider *best = NULL;
	size_t n;
	const struct apk_provider *p = apk_providers_find(&s->providers, a->name, &n);

	for (size_t i = 0; i < n; i++) {
		if (s->states[p[i].package].excluded || !chooses_by_itself(s, &p[i]) ||
			!apk_atom_fits(a, p[i].version))
			continue;
		if (!best || is_better(s, &p[i], best))
			best = &p[i];
	}
	return best;
}

/* Why nothing can be chosen for the atom; *cause is the package that is in the way, if one is. */
static int put_reasons(struct buf *b, const struct solver *s, const struct apk_atom *a,
	size_t *cause, struct err *e)
{
	size_t n, virtual = 0;
	const struct apk_provider *p = apk_providers_find(&s->providers, a->name, &n);

	*cause = NOBODY;
	if (n == 0)
		return buf_puts(b, "which nothing provides", e);
	for (size_t i = 0; i < n; i++) {
		const struct package_state *state = &s->states[p[i].package];

		if (buf_puts(b, i == 0 ? "but " : "; ", e) < 0 ||
			put_package(b, s, p[i].package, e) < 0)
			return -1;
		if (state->excluded) {
			*cause = state->excluded_for;
			if (buf_printf(b, e, " cannot be had: it %s", state->excluded) < 0)
				return -1;
		} else if (!apk_atom_fits(a, p[i].version)) {
			if (buf_printf(b, e, " is %s %s", a->name,
				    p[i].version ? p[i].version : "without a version") < 0)
				return -1;
		} else {
			virtual ++;
			if (buf_puts(b, " provides it", e) < 0)
				return -1;
		}
	}
	return virtual > 0 ? buf_puts(b, "; add one of them to the packages", e) : 0;
}

/* Nothing can be chosen for the atom: its package falls, or with the wanted ones all. */
static int give_up(struct solver *s, const struct need *need, struct err *e)
{
	cleanup_buf struct buf why = {0};
	size_t cause;

	if (need->package != ASKED && buf_puts(&why, "needs ", e) < 0)
		return -1;
	if (put_atom(&why, need->atom, e) < 0 || buf_puts(&why, ", ", e) < 0 ||
		put_reasons(&why, s, need->atom, &cause, e) < 0)
		return -1;
	if (need->package == ASKED)
		return err_set(e, ERR_FORMAT, "no way to install %s", buf_str(&why));
	return exclude(s, need->package, cause, buf_steal(&why, e), e);
}

/* "is not REASON, which CAUSE needs" */
static int exclude_for(struct solver *s, size_t package, const struct need *need,
	const char *relation, struct err *e)
{
	cleanup_buf struct buf why = {0};

	if (buf_printf(&why, e, "%s ", relation) < 0 || put_atom(&why, need->atom, e) < 0 ||
		buf_puts(&why, ", wanted by ", e) < 0)
		return -1;
	if (need->package == ASKED ? buf_puts(&why, "the recipe", e) < 0
				   : put_package(&why, s, need->package, e) < 0)
		return -1;
	return exclude(
		s, package, need->package == ASKED ? NOBODY : need->package, buf_steal(&why, e), e);
}

/* Two that cannot both be there: the need's package stays, unless it came by install_if only, or
 * the other one was asked for. */
static int part(struct solver *s, size_t package, const struct need *need, const char *relation,
	struct err *e)
{
	const struct package_state *by = need->package == ASKED ? NULL : &s->states[need->package];
	cleanup_buf struct buf why = {0};
	bool yields = by && (by->by_install_if || need->package == package ||
				    (s->states[package].asked && !by->asked));

	if (!yields)
		return exclude_for(s, package, need, relation, e);
	if (buf_puts(&why, "does not go with ", e) < 0 || put_package(&why, s, package, e) < 0)
		return -1;
	return exclude(s, need->package, package == need->package ? NOBODY : package,
		buf_steal(&why, e), e);
}

/* Satisfy one atom by what is chosen or by choosing. */
static int satisfy(struct solver *s, const struct need *need, bool may_put_off, struct err *e)
{
	const struct apk_atom *a = need->atom;

	if (a->conflict || find_chosen(s, a) != NOBODY)
		return 0;
	size_t holder = find_holder(s, a->name, NOBODY);
	const struct apk_provider *best = find_best(s, a);
	if (holder != NOBODY)
		return best ? part(s, holder, need, "is not", e) : give_up(s, need, e);
	/* What is to be chosen anyway may provide a virtual name. */
	if (may_put_off && (!best || !best->version)) {
		s->put_off[s->n_put_off++] = *need;
		return 0;
	}
	if (!best)
		return give_up(s, need, e);
	choose(s, best->package, need->package == ASKED, false);
	return 0;
}

static bool fulfils(const struct solver *s, const struct apk_atoms *atoms)
{
	for (size_t i = 0; i < atoms->n; i++) {
		if ((find_chosen(s, &atoms->at[i]) == NOBODY) != atoms->at[i].conflict)
			return false;
	}
	return true;
}

/* Choose the packages whose install_if is fulfilled, of each name the best. *any tells whether
 * there was one. */
static void choose_by_install_if(struct solver *s, bool *any)
{
	for (size_t i = 0; i < s->index->n; i++) {
		const struct apk_package *p = &s->index->packages[i];
		const struct apk_provider *best;
		struct apk_atom name = {
			.name = p->name, .version = p->version, .orders = APK_EQUAL | APK_GREATER};

		if (s->providers.install_if[i].n == 0 || s->states[i].chosen ||
			s->states[i].excluded || find_holder(s, p->name, NOBODY) != NOBODY ||
			!fulfils(s, &s->providers.install_if[i]))
			continue;
		best = find_best(s, &name);
		if (best && best->package != i &&
			fulfils(s, &s->providers.install_if[best->package]))
			continue;
		choose(s, i, false, true);
		*any = true;
	}
}

/* What is chosen must fit together: exclude the first that does not. */
static int check_package(struct solver *s, size_t package, struct err *e)
{
	const struct apk_atoms *depends = &s->providers.depends[package];
	const struct apk_atoms *provides = &s->providers.provides[package];
	struct apk_atom own = {.name = s->index->packages[package].name};
	struct need need = {&own, package};

	for (size_t i = 0; i < depends->n && !s->again; i++) {
		need.atom = &depends->at[i];
		size_t other = find_chosen(s, need.atom);
		if (need.atom->conflict && other != NOBODY && other != package &&
			part(s, other, &need, "conflicts with", e) < 0)
			return -1;
	}
	for (size_t i = 0; i <= provides->n && !s->again; i++) {
		need.atom = i < provides->n ? &provides->at[i] : &own;
		size_t other = i < provides->n && !need.atom->version
				       ? NOBODY
				       : find_holder(s, need.atom->name, package);
		if (other != NOBODY && part(s, other, &need, "also provides", e) < 0)
			return -1;
	}
	return 0;
}

/* Expand what was chosen from *next on. */
static int expand(struct solver *s, size_t *next, struct err *e)
{
	for (; *next < s->n && !s->again; ++*next) {
		const struct apk_atoms *depends = &s->providers.depends[s->order[*next]];

		for (size_t i = 0; i < depends->n && !s->again; i++) {
			struct need need = {&depends->at[i], s->order[*next]};

			if (satisfy(s, &need, true, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* One round: until all is chosen or something is excluded. */
static int try_round(struct solver *s, struct err *e)
{
	size_t next = 0;
	bool more = true;

	s->n = s->n_put_off = 0;
	s->again = false;
	for (size_t i = 0; i < s->index->n; i++)
		s->states[i].chosen = false;
	for (size_t i = 0; i < s->n_wanted && !s->again; i++) {
		if (satisfy(s, &(struct need){&s->wanted[i], ASKED}, true, e) < 0)
			return -1;
	}
	while (more && !s->again) {
		more = false;
		if (expand(s, &next, e) < 0)
			return -1;
		for (size_t i = 0; i < s->n_put_off && !s->again; i++) {
			if (satisfy(s, &s->put_off[i], false, e) < 0)
				return -1;
		}
		s->n_put_off = 0;
		more = next < s->n;
		if (!more && !s->again)
			choose_by_install_if(s, &more);
	}
	for (size_t i = 0; i < s->n && !s->again; i++) {
		if (check_package(s, s->order[i], e) < 0)
			return -1;
	}
	return 0;
}

static int read_wanted(struct solver *s, const struct strv *wanted, struct err *e)
{
	s->wanted = mem_array(wanted->n + 1, sizeof(*s->wanted), e);
	if (!s->wanted)
		return -1;
	for (size_t i = 0; i < wanted->n; i++) {
		char *text = mem_strdup(wanted->items[i], e);

		if (!text || strv_take(&s->texts, text, e) < 0)
			return -1;
		int found = apk_atom_next(&s->wanted[s->n_wanted], &text, e);
		if (found < 0)
			return err_prefix(e, "'%s'", wanted->items[i]);
		s->n_wanted += found > 0;
	}
	return 0;
}

static int solver_init(
	struct solver *s, const struct apk_index *index, const struct strv *wanted, struct err *e)
{
	*s = (struct solver){.index = index};
	if (apk_providers_init(&s->providers, index, e) < 0 || read_wanted(s, wanted, e) < 0)
		return -1;
	s->states = mem_array(index->n + 1, sizeof(*s->states), e);
	s->order = mem_array(index->n + 1, sizeof(*s->order), e);
	s->put_off = mem_array(s->n_wanted + s->providers.n_atoms + 1, sizeof(*s->put_off), e);
	return s->states && s->order && s->put_off ? 0 : -1;
}

static void solver_release(struct solver *s)
{
	for (size_t i = 0; s->states && i < s->index->n; i++)
		free(s->states[i].excluded);
	free(s->states);
	free(s->order);
	free(s->put_off);
	free(s->wanted);
	strv_release(&s->texts);
	apk_providers_release(&s->providers);
}

/* No index that somebody would make needs nearly as many rounds. */
static int solve(struct solver *s, struct err *e)
{
	for (size_t round = 0; round < 1000; round++) {
		if (try_round(s, e) < 0)
			return -1;
		if (!s->again)
			return 0;
	}
	return err_set(e, ERR_FORMAT,
		"found no way through the packages' conflicts; name the "
		"versions or providers to take among the packages");
}

/* The chosen ones, sorted by name. */
static size_t *collect(const struct solver *s, struct err *e)
{
	const struct apk_package *packages = s->index->packages;
	size_t *out = mem_array(s->n + 1, sizeof(*out), e);

	for (size_t i = 0; out && i < s->n; i++) {
		size_t at = i;

		for (; at > 0 && strcmp(packages[out[at - 1]].name, packages[s->order[i]].name) > 0;
			at--)
			out[at] = out[at - 1];
		out[at] = s->order[i];
	}
	return out;
}

int apk_solve(size_t **chosen, size_t *n, const struct apk_index *index, const struct strv *wanted,
	struct err *e)
{
	struct solver s;
	int rc = solver_init(&s, index, wanted, e);

	*chosen = NULL;
	if (rc == 0)
		rc = solve(&s, e);
	if (rc == 0) {
		*chosen = collect(&s, e);
		*n = s.n;
		rc = *chosen ? 0 : -1;
	}
	solver_release(&s);
	return rc;
}
