/* Any text is a key or is not; what is taken for one is spelled as we spell it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/hex.h"
#include "index/store/store_keys.h"

static void demand(int truth)
{
	if (!truth)
		abort();
}

static void spell(const struct key_record *r, char key[KEY_MAX])
{
	key_blob(&r->id, key);
	for (unsigned i = 0; i < r->base_count; i++) {
		size_t end = strlen(key);
		key[end] = '~';
		hex_format(r->bases[i], KEY_BASE_PREFIX, key + end + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char key[KEY_MAX];
	struct key_record record;
	struct key_marker marker;
	struct key_annex annex;
	struct oid oid;
	char repo[REPO_ID_HEX + 1];
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	if (key_parse_record(text, &record)) {
		demand(key_valid(text) && record.base_count <= KEY_BASES_MAX);
		spell(&record, key);
		demand(!strcmp(key, text));
	}
	if (key_parse_object(text, &oid)) {
		demand(key_valid(text));
		key_object(&oid, key);
		demand(!strcmp(key, text));
	}
	if (key_parse_owner(text, repo, &oid)) {
		demand(key_valid(text) && key_repo_id_valid(repo));
		key_owner(repo, &oid, key);
		demand(!strcmp(key, text));
	}
	if (key_parse_name(text, repo))
		demand(key_valid(text) && key_repo_id_valid(repo));
	if (key_parse_marker(text, &marker)) {
		demand(key_valid(text));
		key_marker(&marker, key);
		demand(!strcmp(key, text));
		key_marker_band(marker.name, marker.band, key);
		demand(!strncmp(key, text, strlen(key)));
		key_marker_name(marker.name, key);
		demand(!strncmp(key, text, strlen(key)));
	}
	if (key_parse_annex(text, &annex, &oid)) {
		demand(key_valid(text) && key_repo_id_valid(annex.annex));
		key_annex(&annex, &oid, key);
		demand(!strcmp(key, text));
	}
	if (key_valid(text))
		demand(key_prefix_valid(text) && !strstr(text, "/.") && text[0] != '/' &&
		       text[0] != '.');
	if (key_repo_id_valid(text)) {
		key_owner(text, &(struct oid){ { 0 } }, key);
		demand(key_valid(key) && !strncmp(key + 7, text, REPO_ID_HEX));
	}
	free(text);
	return 0;
}
