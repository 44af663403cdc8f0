#include "agent/cmd/push_command.h"

#include "agent/git/lfs_objects.h"
#include "agent/report/shell_word.h"
#include "codec/common/buf.h"

void push_command_add(struct buf *out, const char *remote,
                      const struct lfs_objects *objects)
{
	char hex[SHA256_HEX + 1];

	buf_add_str(out, "git lfs push --object-id ");
	shell_word_add(out, remote);
	for (size_t i = 0; i < objects->count && i < PUSH_COMMAND_OIDS; i++) {
		oid_format(&objects->list[i].oid, hex);
		buf_addf(out, " %s", hex);
	}
}
