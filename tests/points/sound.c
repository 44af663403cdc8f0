/* Reads all of a store, as fsck does. */
#include "tests/points/points.h"

#include "codec/common/err.h"
#include "tests/unit/fsck_world.h"

void assert_nothing_hurts(struct store *s)
{
	struct world w = { .store = s };
	struct run r;

	fsck(&w, MOVE_NOTHING, &r);
	if (r.rc)
		fail_msg("%s", r.err.text);
	for (size_t i = 0; i < r.result.findings.count; i++) {
		const struct fsck_finding *one = &r.result.findings.list[i];
		if (one->hurts || one->kind == FSCK_RECORD_WRONG)
			fail_msg("%s: %s", fsck_kind_name(one->kind), one->text);
	}
	assert_int_equal(r.result.not_whole, 0);
	run_wipe(&r);
}
