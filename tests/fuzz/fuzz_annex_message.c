/* Any line that git-annex, or anything else, may send; any key; any file of a repository;
 * any log of git-annex's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/annex/annex_log.h"
#include "agent/annex/annex_message.h"
#include "agent/git/annex_key.h"
#include "agent/git/annex_link.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int truth)
{
	if (!truth)
		abort();
}

/* What a message points to lies in its line. */
static void parse_line(const uint8_t *data, size_t size)
{
	struct annex_message m;
	struct err err = ERR_INIT;
	char *line = malloc(size + 1);

	if (!line)
		return;
	if (size)
		memcpy(line, data, size);
	line[size] = 0;
	int rc = annex_message_parse(line, size, &m, &err);
	demand(rc ? err.text[0] : m.job <= ANNEX_JOB_MAX && m.verb <= ANNEX_ERROR);
	if (!rc) {
		demand(m.rest >= line && m.rest + strlen(m.rest) <= line + size);
		demand(!m.key || (*m.key && m.key >= line && m.key < line + size));
		demand((m.verb != ANNEX_STORE && m.verb != ANNEX_RETRIEVE) ||
		       (m.key && *m.rest && !strchr(m.key, ' ')));
	}
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A block of its own size, so that a byte read beyond it is seen. */
	char *text = calloc(size ? size : 1, 1);
	struct lfs_pointer pointer;
	struct annex_key key;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (annex_key_parse(text, size, &key))
		demand(size <= ANNEX_KEY_MAX && !(key.has_oid && key.is_chunk));
	if (annex_link_parse(text, size, &pointer))
		demand(pointer.size <= INT64_MAX);
	struct buf store = BUF_INIT;
	if (!annex_log_store(text, size, "u", &store))
		demand(store.size && store.size <= size);
	buf_wipe(&store);
	free(text);
	parse_line(data, size);
	return 0;
}
