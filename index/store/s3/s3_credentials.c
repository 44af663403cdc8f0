#include "index/store/s3/s3_credentials.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/common/err.h"

struct s3_credentials {
	atomic_uint holders;
	size_t room; /* bytes of the mapping that begins here */
	int64_t expires;
	struct s3_keys keys; /* within `text`, as the source is */
	const char *source;
	char text[];
};

/* Copies `text` (NULL stays NULL) to *at and moves it on. */
static const char *keep(char **at, const char *text)
{
	if (!text)
		return NULL;
	size_t n = strlen(text) + 1;
	char *copy = memcpy(*at, text, n);
	*at += n;
	return copy;
}

int s3_credentials_new(const struct s3_keys *keys, int64_t expires, const char *source,
                       struct s3_credentials **out, struct err *err)
{
	size_t token = keys->token ? strlen(keys->token) + 1 : 0;
	size_t need = sizeof(struct s3_credentials) + strlen(keys->id) +
	              strlen(keys->secret) + strlen(source) + 3 + token;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (need + page - 1) / page * page;

	struct s3_credentials *c = mmap(NULL, room, PROT_READ | PROT_WRITE,
	                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return err_nomem(err, "access keys");
	(void)madvise(c, room, MADV_DONTDUMP);
	(void)mlock(c, room); /* not to the swap either, where that is allowed */
	char *at = c->text;
	atomic_init(&c->holders, 1);
	c->room = room;
	c->expires = expires;
	c->keys.id = keep(&at, keys->id);
	c->keys.secret = keep(&at, keys->secret);
	c->keys.token = keep(&at, keys->token);
	c->source = keep(&at, source);
	*out = c;
	return 0;
}

struct s3_credentials *s3_credentials_hold(struct s3_credentials *c)
{
	atomic_fetch_add(&c->holders, 1);
	return c;
}

void s3_credentials_release(struct s3_credentials *c)
{
	if (!c || atomic_fetch_sub(&c->holders, 1) != 1)
		return;
	size_t room = c->room;
	explicit_bzero(c, room);
	munmap(c, room);
}

const struct s3_keys *s3_credentials_keys(const struct s3_credentials *c)
{
	return &c->keys;
}

int64_t s3_credentials_expires(const struct s3_credentials *c)
{
	return c->expires;
}

const char *s3_credentials_source(const struct s3_credentials *c)
{
	return c->source;
}

/* ---------------------------------------------------------------- the simplest ring */

struct fixed_ring {
	struct s3_keyring base;
	struct s3_credentials *keys;
};

static int fixed_take(struct s3_keyring *k, const struct s3_credentials *refused,
                      struct s3_credentials **out, struct err *err)
{
	(void)refused;
	(void)err;
	*out = s3_credentials_hold(((struct fixed_ring *)k)->keys);
	return 0;
}

static void fixed_close(struct s3_keyring *k)
{
	s3_credentials_release(((struct fixed_ring *)k)->keys);
	free(k);
}

static const struct s3_keyring_ops fixed_ops = { fixed_take, fixed_close };

int s3_keyring_of(struct s3_credentials *c, struct s3_keyring **out, struct err *err)
{
	struct fixed_ring *k = calloc(1, sizeof(*k));

	if (!k) {
		s3_credentials_release(c);
		return err_nomem(err, "access keys");
	}
	k->base.ops = &fixed_ops;
	k->keys = c;
	*out = &k->base;
	return 0;
}

void s3_keyring_close(struct s3_keyring *k)
{
	if (k)
		k->ops->close(k);
}
