/* Any bytes as a manifest, with the checksum and the oid made right: what is
 * taken can be written again, and reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OID_AT = 16 };

/* Formats `m`, parses that, and formats it again: the bytes must be the same. What a
 * writer refuses it refuses for that one reason. */
static void write_again(const struct manifest *m)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct manifest back;
	struct err err = ERR_INIT;

	/* A reader takes kinds of extents that no format of the writer's has. */
	if (manifest_format(m, &once, &err)) {
		if (err.code != ERR_INPUT || !strstr(err.text, "of its format"))
			abort();
		buf_wipe(&once);
		return;
	}
	if (manifest_parse(once.data, once.size, &m->oid, &back, &err) ||
	    manifest_format(&back, &twice, &err))
		abort();
	if (once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
		abort();
	manifest_wipe(&back);
	buf_wipe(&twice);
	buf_wipe(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m;
	struct err err = ERR_INIT;
	struct oid oid = { { 0 } };
	uint8_t *bytes = malloc(size + 1);

	if (!bytes)
		return 0;
	memcpy(bytes, data, size);
	if (size >= OID_AT + SHA256_SIZE)
		memcpy(oid.bytes, bytes + OID_AT, SHA256_SIZE);
	if (size >= XXH128_SIZE) {
		struct xxh128 sum = xxh128_of(bytes, size - XXH128_SIZE);
		memcpy(bytes + size - XXH128_SIZE, sum.bytes, XXH128_SIZE);
	}
	if (manifest_parse(bytes, size, &oid, &m, &err) == 0) {
		write_again(&m);
		manifest_wipe(&m);
	} else if (!err.text[0]) {
		abort();
	}
	free(bytes);
	return 0;
}
