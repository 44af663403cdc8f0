#include "codec/kernel/kernel.h"

#include <string.h>

#include "codec/kernel/kernel_avx2.h"
#include "codec/kernel/kernel_avx512.h"
#include "codec/kernel/kernel_portable.h"

const struct kernel *kernel_at(unsigned i)
{
	const struct kernel *have[4] = { NULL };
	unsigned n = 0;

#if defined(__x86_64__)
	if (kernel_avx512_runs())
		have[n++] = &kernel_avx512;
	if (kernel_avx2_runs())
		have[n++] = &kernel_avx2;
#endif
	have[n++] = &kernel_portable;
	return i < n ? have[i] : NULL;
}

const struct kernel *kernel_best(void)
{
	return kernel_at(0);
}

const struct kernel *kernel_by_name(const char *name)
{
	const struct kernel *k;

	for (unsigned i = 0; (k = kernel_at(i)) != NULL; i++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}
