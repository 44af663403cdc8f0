/* As lfshttp.NewEndpoint and lfsapi's endpoint finder make it of a clone's URL (3.3.0):
 * ssh and git become https at the same host, without the port of those protocols. */
#include "agent/where/server_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "codec/common/buf.h"

enum { PORT_KEPT, PORT_DROPPED };

static void add_address(const char *scheme, const char *host, size_t host_size,
                        const char *path, struct buf *out)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	while (n && *path == '/') {
		path++;
		n--;
	}
	buf_addf(out, SERVER_KEY_FRONT "%s://%.*s/%.*s", scheme, (int)host_size, host,
	         (int)n, path);
	if (strcmp(scheme, "file") != 0 &&
	    (n < 4 || memcmp(path + n - 4, ".git", 4) != 0))
		buf_add_str(out, ".git");
	buf_add_str(out, SERVER_KEY_END);
}

/* The host in "user:password@host:port"; moves *at past the user. */
static size_t cut_host(const char **at, size_t n, int port)
{
	const char *user = memrchr(*at, '@', n);

	if (user) {
		n -= (size_t)(user + 1 - *at);
		*at = user + 1;
	}
	const char *colon = memrchr(*at, ':', n);
	const char *bracket = memrchr(*at, ']', n); /* of an IPv6 address */
	if (port == PORT_DROPPED && colon && (!bracket || colon > bracket))
		n = (size_t)(colon - *at);
	return n;
}

/* "host:path", as ssh has it. */
static int add_scp(const char *url, struct buf *out)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/'), *at = url;

	if (!colon || colon[1] == ':' || (slash && slash < colon))
		return 1;
	size_t n = cut_host(&at, (size_t)(colon - url), PORT_KEPT);
	if (!n)
		return 1;
	add_address("https", at, n, colon + 1, out);
	return 0;
}

int server_key(const char *url, struct buf *out)
{
	static const struct {
		const char *front, *scheme;
		int port;
	} kinds[] = {
		{ "https://", "https", PORT_KEPT },
		{ "http://", "http", PORT_KEPT },
		{ "ssh://", "https", PORT_DROPPED },
		{ "git+ssh://", "https", PORT_DROPPED },
		{ "ssh+git://", "https", PORT_DROPPED },
		{ "git://", "https", PORT_DROPPED },
		{ "file://", "file", PORT_KEPT },
	};

	if (strchr(url, '\n'))
		return 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t front = strlen(kinds[i].front);
		if (strncmp(url, kinds[i].front, front) != 0)
			continue;
		const char *host = url + front, *path = strchr(host, '/');
		if (!path)
			return 1;
		size_t n = cut_host(&host, (size_t)(path - host), kinds[i].port);
		add_address(kinds[i].scheme, host, n, path, out);
		return 0;
	}
	if (*url == '/') {
		add_address("file", "", 0, url, out);
		return 0;
	}
	return strstr(url, "://") ? 1 : add_scp(url, out);
}
