/* Any URL of a remote: what is taken has a place, its name is harmless, and a name of a user
 * in front of a host is in neither. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/remote_url.h"
#include "codec/common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	if (strlen(name) > REMOTE_NAME_MAX || strchr(name, '@'))
		abort();
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			abort();
}

/* Of "scheme://user:secret@host/path" the place is that without the user. */
static void check_user(const char *text)
{
	const char *mark = strstr(text, "://");
	size_t front = mark ? (size_t)(mark + 3 - text) : 0;
	const char *host = text + front, *at = strpbrk(host, "@/");
	struct remote_url with, without;
	char *bare;

	if (!mark || !at || *at != '@' || strncmp(text, "http", 4) != 0 ||
	    strpbrk(text, "\r\n") || memchr(text, '/', front - 2) ||
	    strspn(text, "htps") != front - 3)
		return;
	bare = malloc(strlen(text) + 1);
	if (!bare)
		return;
	memcpy(bare, text, front);
	memcpy(bare + front, at + 1, strlen(at + 1) + 1);
	int rc = remote_url_parse(text, &with, NULL);
	if (rc != remote_url_parse(bare, &without, NULL))
		abort();
	if (!rc) {
		if (strcmp(buf_text(&with.place), buf_text(&without.place)) != 0 ||
		    strcmp(with.name, without.name) != 0)
			abort();
		remote_url_wipe(&with);
		remote_url_wipe(&without);
	}
	free(bare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct remote_url url;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	int rc = remote_url_parse(text, &url, &err);
	if (rc && (rc != ERR_INPUT || !*err.text))
		abort();
	if (!rc) {
		if (!*buf_text(&url.place) || strpbrk(buf_text(&url.place), "\r\n"))
			abort();
		check_name(url.name);
		remote_url_wipe(&url);
	}
	check_user(text);
	free(text);
	return 0;
}
