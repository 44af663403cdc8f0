/* Any bytes as zllm.json give an answer, and an id only together with 0. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char id[STORE_ID_HEX + 1] = "";
	struct err err = ERR_INIT;
	struct store *s;

	if (store_memory_new(&s, NULL))
		return 0;
	if (!store_put_all(s, KEY_STORE_FILE, data, size, NULL)) {
		int rc = store_format_check(s, id, &err);
		if (rc != err.code || rc > 0 || rc == ERR_MISSING)
			abort();
		if ((rc == 0) != (strlen(id) == STORE_ID_HEX && key_repo_id_valid(id)))
			abort();
	}
	store_close(s);
	return 0;
}
