/* Any line that git-lfs, or anything else, may send. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/session/lfs_message.h"
#include "codec/common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lfs_message m;
	struct err err = ERR_INIT;
	int rc = lfs_message_parse((const char *)data, size, &m, &err);

	if (rc && !err.text[0])
		abort(); /* a refusal has words */
	if (!rc && m.event == LFS_UPLOAD && (!m.path || !m.oid_text))
		abort();
	if (m.oid_text) {
		/* What is said to git-lfs is one line, whatever the words hold. */
		char *reply = lfs_reply_complete(m.oid_text, m.path, rc ? &err : NULL);
		if (reply && strchr(reply, '\n'))
			abort();
		free(reply);
	}
	lfs_message_wipe(&m);
	return 0;
}
