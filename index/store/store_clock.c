#include "index/store/store_clock.h"

#include <stdio.h>
#include <sys/random.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

static int note_time(void *ctx, const struct store_entry *entry)
{
	*(int64_t *)ctx = entry->since;
	return 0;
}

int store_clock_read(struct store *s, int64_t *now, struct err *err)
{
	uint8_t bytes[KEY_NONCE_HEX / 2];
	char nonce[KEY_NONCE_HEX + 1], key[KEY_MAX];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "asking for random bytes");
	hex_format(bytes, sizeof(bytes), nonce);
	snprintf(key, sizeof(key), KEY_PROBE "%s", nonce);
	*now = 0;
	int rc = store_put_all(s, key, NULL, 0, err); /* goes on a full disk, too */
	if (rc)
		return rc;
	rc = store_list(s, key, note_time, now, err);
	if (!rc && *now <= 0)
		rc = err_set(
			err, ERR_IO,
			"store %s: its listing says no times, so nothing in it has an "
			"age",
			s->name);
	store_remove(s, key, rc ? NULL : err);
	return rc;
}
