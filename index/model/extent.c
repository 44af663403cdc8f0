#include "index/model/extent.h"

#include <stdlib.h>

#include "codec/common/err.h"

void extents_wipe(struct extents *x)
{
	free(x->list);
	free(x->names);
	free(x->dims);
	free(x->findings);
	*x = (struct extents){ .model = MODEL_OPAQUE };
}

const struct extent_finding *extent_finding(const struct extent *x)
{
	static const struct extent_finding nothing;

	return x->finding ? x->finding : &nothing;
}

int extents_add_findings(struct extents *x, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < x->count; i++)
		count += !x->list[i].inlined;
	struct extent_finding *findings = calloc(count + 1, sizeof(*findings));
	if (!findings)
		return err_nomem(err, "what is found of extents");
	count = 0;
	for (size_t i = 0; i < x->count; i++) {
		struct extent *one = &x->list[i];
		if (one->inlined)
			continue;
		findings[count] = *extent_finding(one);
		one->finding = &findings[count++];
	}
	free(x->findings);
	x->findings = findings;
	return 0;
}
