/* Any object that says it is a list of names: bounded, no path leads out of its folder, and
 * what is taken is written as it can be read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/batch/import_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct import_list *l)
{
	struct import_list again;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	if (import_list_format(l, &bytes, &err))
		abort();
	/* What is escaped takes more room than it took as it was. */
	if (bytes.size <= IMPORT_LIST_MAX) {
		if (import_list_parse(bytes.data, bytes.size, &again, &err) ||
		    import_list_count(&again) != import_list_count(l))
			abort();
		import_list_wipe(&again);
	}
	buf_wipe(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_list l;
	struct err err = ERR_INIT;

	if (!import_list_parse(data, size, &l, &err)) {
		if (import_list_count(&l) > IMPORT_LIST_FILES)
			abort();
		for (size_t i = 0; i < import_list_count(&l); i++)
			if (!import_path_is_safe(import_list_at(&l, i)->path))
				abort();
		check_again(&l);
	}
	import_list_wipe(&l);
	return 0;
}
