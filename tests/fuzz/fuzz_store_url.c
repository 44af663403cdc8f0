/* Any URL of a repository's .lfsconfig: what is taken has a place without
 * newlines, and an owner that is a valid id. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/where/store_url.h"
#include "codec/common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_url url = { 0 };
	struct err err = ERR_INIT;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	int rc = store_url_parse(text, &url, &err);
	if (rc && (rc != ERR_INPUT || url.place || !*err.text))
		abort();
	if (!rc && (!*url.place || strpbrk(url.place, "\r\n") ||
	            (*url.repo_id && !key_repo_id_valid(url.repo_id))))
		abort();
	store_url_is_ours(text);
	store_url_wipe(&url);
	free(text);
	return 0;
}
