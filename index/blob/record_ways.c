#include "index/blob/record_ways.h"

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"

enum { ROUNDS = 3 };

/* Live records, the best first. */
static int try_live(const struct record_ways *w, struct err *err)
{
	struct blob_place place;
	int rc = 0;

	for (size_t nth = 0; !rc; nth++) {
		rc = blob_find_nth(w->store, w->claim->id, nth, &place, err);
		if (rc)
			return rc;
		rc = w->attempt(w->ctx, place.key, err);
		if (rc <= 0)
			return rc;
		rc = 0;
	}
	return rc;
}

/* Those in trash/ that are sound by their heads, solo ones first, as they are listed; only
 * those where `solo`. Of several the first that is right; the only one, or the last, is
 * read like any record. */
static int try_trash(const struct record_ways *w, unsigned bases_max, struct err *err)
{
	struct blob_place place, next;
	int rc = blob_recall(w->store, w->claim, 0, &place, err);

	for (size_t nth = 1; !rc && place.record.base_count <= bases_max; nth++) {
		int more = blob_recall(w->store, w->claim, nth, &next, err);
		if (more < 0)
			return more;
		bool last = more > 0 || next.record.base_count > bases_max;
		if (last || w->is_proved(w->ctx, place.key))
			return w->attempt(w->ctx, place.key, err);
		place = next;
	}
	return rc ? rc : 1;
}

static int try_once(const struct record_ways *w, struct err *err)
{
	int rc = w->key ? w->attempt(w->ctx, w->key, err) : 1;

	if (rc > 0 && w->depth)
		rc = try_trash(w, 0, err);
	if (rc > 0)
		rc = try_live(w, err);
	return rc > 0 ? try_trash(w, KEY_BASES_MAX, err) : rc;
}

int record_ways_try(const struct record_ways *w, struct err *err)
{
	int rc = 1;

	for (int round = 0; round < (w->depth ? 1 : ROUNDS) && rc > 0; round++)
		rc = try_once(w, err);
	return rc;
}
