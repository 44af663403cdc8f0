#include "index/base/base_series.h"

#include <stdint.h>

#include "codec/codec_table.h"
#include "index/model/extent.h"

enum { SHORTEST = 3 };

/* What the solo version took when it was tried. */
static unsigned solo_cost(const struct extent *x, unsigned solo)
{
	const struct extent_finding *f = extent_finding(x);
	unsigned least = UINT16_MAX;

	for (unsigned i = 0; i < f->tried_count; i++) {
		const struct codec *codec = codec_by_id(f->tried[i].codec);
		if (codec && !codec->needs_base && f->tried[i].permille < least)
			least = f->tried[i].permille;
	}
	return least == UINT16_MAX ? solo : least;
}

struct base_series base_series_of(const struct extent *x, unsigned solo)
{
	const struct extent_finding *f = extent_finding(x);

	if (f->base_count == 0)
		return (struct base_series){ 1, solo_cost(x, solo) };
	if (f->series_length == 0)
		return (struct base_series){ 1, solo };
	return (struct base_series){ f->series_length, f->series_spent };
}

bool base_series_is_dear(const struct base_series *s, unsigned delta)
{
	return s->length >= SHORTEST && (uint64_t)delta * s->length > s->spent;
}
