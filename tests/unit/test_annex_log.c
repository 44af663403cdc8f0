/* Where a remote keeps its contents, as git-annex's remote.log has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/annex/annex_log.h"
#include "codec/common/buf.h"

#define UUID "6d0ebef0-2d7b-43c5-a6dc-152e68e8f1a1"

static void the_latest_line_of_the_remote_counts(void **state)
{
	static const struct {
		const char *text, *store;
	} all[] = {
		{ UUID " name=m store=/a timestamp=10s\n", "/a" },
		{ UUID " store=s3://b/p?endpoint=x name=m timestamp=10.5s",
		  "s3://b/p?endpoint=x" },
		{ UUID " store=/a timestamp=10s\n" UUID " store=/b timestamp=9.9s\n",
		  "/a" },
		{ UUID " store=/a timestamp=10s\n" UUID " store=/b timestamp=100s\n",
		  "/b" },
		{ "other store=/x timestamp=99s\n" UUID " store=/a timestamp=1s\n",
		  "/a" },
		{ UUID " store=/a&32;b&38;c timestamp=1s", "/a b&c" },
		{ UUID " store=/a&b&;&999;&0; timestamp=1s", "/a&b&;&999;&0;" },
		{ UUID " store=/a", "/a" },
		{ UUID " store= timestamp=1s", NULL },
		{ UUID " name=m timestamp=1s", NULL },
		{ UUID "x store=/a timestamp=1s", NULL },
		{ " store=/a", NULL },
		{ "\n\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct buf out = BUF_INIT;
		int rc = annex_log_store(all[i].text, strlen(all[i].text), UUID, &out);
		if (rc != !all[i].store ||
		    (all[i].store && strcmp(buf_text(&out), all[i].store) != 0))
			fail_msg("%s: %d %s", all[i].text, rc, buf_text(&out));
		buf_wipe(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_line_of_the_remote_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
