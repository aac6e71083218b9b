#include "apk/version.h"

#include "unit.h"

/* Each before the next; tests/cli/kiln-source/apk.sh asks apk itself about more of them. */
static void test_order(void)
{
	static const char *const rising[] = {"0.9", "1_alpha", "1_alpha2", "1_beta", "1_pre1",
		"1_rc1", "1_rc2", "1", "1-r1", "1-r2", "1-r10", "1_cvs", "1_svn2", "1_git1", "1_hg",
		"1_p1", "1_p1-r1", "1_p2", "1a", "1a1", "1b", "1.00", "1.0_rc1", "1.0", "1.0-r1",
		"1.0.1", "1.01", "1.02", "1.010", "1.1", "1.9", "1.10", "2", "10", "20240101"};
	size_t n = sizeof(rising) / sizeof(rising[0]);

	unit_about("order");
	for (size_t i = 0; i < n; i++) {
		CHECK(apk_version_is_valid(rising[i]));
		CHECK(apk_version_compare(rising[i], rising[i]) == 0);
		if (i + 1 == n)
			continue;
		if (!CHECK(apk_version_compare(rising[i], rising[i + 1]) < 0 &&
			    apk_version_compare(rising[i + 1], rising[i]) > 0))
			printf("# %s %s\n", rising[i], rising[i + 1]);
	}
	CHECK(apk_version_compare("007", "7") == 0);
}

static void test_valid(void)
{
	static const char *const bad[] = {"", "a", "1.", ".1", "1..2", "1_foo", "1-1", "1-r",
		"1-r1.2", "1-r1_p1", "1_p1.2", "1ab", "1A", "1 ", "1~a", "1a.2", "1\n", "1.2.3/x",
		"9999999999999999999"};
	char longest[APK_VERSION_MAX + 2];

	unit_about("validity");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK(!apk_version_is_valid(bad[i])))
			printf("# '%s'\n", bad[i]);
	}
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : '1';
	longest[APK_VERSION_MAX + 1] = 0;
	CHECK(!apk_version_is_valid(longest));
	longest[APK_VERSION_MAX - 1] = 0;
	CHECK(apk_version_is_valid(longest));
}

static void test_begins_with(void)
{
	unit_about("versions that begin with another");
	CHECK(apk_version_begins_with("1.2.3-r0", "1.2"));
	CHECK(apk_version_begins_with("1.2", "1.2"));
	CHECK(apk_version_begins_with("1.2_rc1", "1.2"));
	CHECK(!apk_version_begins_with("1.20", "1.2"));
	CHECK(!apk_version_begins_with("1.2", "1.2.3"));
}

int main(void)
{
	test_order();
	test_valid();
	test_begins_with();
	return unit_done();
}
