/* SPDX: no licence chosen yet, see README */
/* test_child_environment.c - the command's environment: joined, without duplicates, in order. */
#include "preload/launch/child_environment.h"
#include "tests/unit/launch/check.h"

/* @expected: entries joined by '|' */
static void check_environment(const char *const *given, const char *expected)
{
	char joined[1024] = "";
	char **made = mw_child_environment_create((char **)given, "/l/shim.so", "/run");
	for (size_t i = 0; made[i] != NULL; i++) {
		strcat(joined, i ? "|" : "");
		strcat(joined, made[i]);
	}
	CHECK_STRING(joined, expected);
	CHECK(mw_child_environment_destroy(made) == NULL);
}

#define ENVIRONMENT(...) ((const char *const[]){ __VA_ARGS__, NULL })

int main(void)
{
	check_environment(
		(const char *const[]){ NULL }, "LD_PRELOAD=/l/shim.so|MEMWATCH_RUN_DIR=/run");
	check_environment(ENVIRONMENT("A=1", "LD_PRELOADX=y", "B", "=weird"),
		"A=1|LD_PRELOADX=y|B|=weird|LD_PRELOAD=/l/shim.so|MEMWATCH_RUN_DIR=/run");
	check_environment(ENVIRONMENT("LD_PRELOAD=a.so b.so:c.so", "A=1"),
		"A=1|LD_PRELOAD=/l/shim.so:a.so:b.so:c.so|MEMWATCH_RUN_DIR=/run");
	check_environment(ENVIRONMENT("LD_PRELOAD=:a.so::/l/shim.so /l/shim.so.2:/l/shim.so"),
		"LD_PRELOAD=/l/shim.so:a.so:/l/shim.so.2|MEMWATCH_RUN_DIR=/run");
	check_environment(
		ENVIRONMENT("LD_PRELOAD=", "MEMWATCH_RUN_DIR=/old", "MEMWATCH_RUN_DIR=/older"),
		"LD_PRELOAD=/l/shim.so|MEMWATCH_RUN_DIR=/run");
	/* ld.so would have used the last of several */
	check_environment(ENVIRONMENT("LD_PRELOAD=first.so", "LD_PRELOAD=last.so"),
		"LD_PRELOAD=/l/shim.so:last.so|MEMWATCH_RUN_DIR=/run");
	CHECK(mw_child_environment_destroy(NULL) == NULL);
	return n_failed_checks != 0;
}
