/*
 * git's own rules (connect.c, transport.c): "scheme://", then "helper::", then
 * "[user@]host:path" where the colon stands before every slash, else a path.
 */
#include "agent/git/remote_url.h"

#include <string.h>
#include <strings.h>

#include "codec/common/err.h"

/* A piece of the text. */
struct piece {
	const char *at;
	size_t n;
};

void remote_url_wipe(struct remote_url *u)
{
	buf_wipe(&u->place);
	u->name[0] = 0;
}

static bool is(struct piece p, const char *word)
{
	return p.n == strlen(word) && memcmp(p.at, word, p.n) == 0;
}

static bool begins(struct piece p, const char *with)
{
	return p.n >= strlen(with) && memcmp(p.at, with, strlen(with)) == 0;
}

static bool cut_end(struct piece *p, const char *end)
{
	size_t n = strlen(end);

	if (p->n < n || memcmp(p->at + p->n - n, end, n) != 0)
		return false;
	p->n -= n;
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* What stands in front of the last '@' of `p`, which is cut to what follows it. */
static struct piece cut_user(struct piece *p)
{
	struct piece user = { p->at, 0 };
	const char *at = p->n ? memrchr(p->at, '@', p->n) : NULL;

	if (at) {
		user.n = (size_t)(at - p->at);
		p->n -= user.n + 1;
		p->at = at + 1;
	}
	return user;
}

/* ---------------------------------------------------------------- the name */

static bool shown(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._-+~/", c));
}

/* Where the last two segments of `path` begin. */
static size_t last_two(struct piece path)
{
	size_t at = path.n;

	for (unsigned slashes = 0; at > 0; at--)
		if (path.at[at - 1] == '/' && ++slashes == 2)
			break;
	return at;
}

/* A mistyped URL may have its password in what looks like its path. */
static void make_name(struct piece path, char name[REMOTE_NAME_MAX + 1])
{
	size_t at = last_two(path), used = 0;

	path.at += at;
	path.n -= at;
	cut_user(&path);
	if (path.n > REMOTE_NAME_MAX) {
		path.at += path.n - REMOTE_NAME_MAX;
		path.n = REMOTE_NAME_MAX;
	}
	for (; used < path.n; used++)
		name[used] = shown(path.at[used]) ? path.at[used] : '?';
	name[used] = 0;
}

/* ---------------------------------------------------------------- hosts */

static const char *port_of(struct piece scheme)
{
	static const struct {
		const char *scheme, *port;
	} known[] = { { "ssh", "22" },    { "git+ssh", "22" }, { "ssh+git", "22" },
		      { "https", "443" }, { "http", "80" },    { "git", "9418" },
		      { "ftp", "21" },    { "ftps", "990" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is(scheme, known[i].scheme))
			return known[i].port;
	return "";
}

/* "host:port", or "[::1]:port": the port, without leading zeros, is cut off. */
static struct piece cut_port(struct piece *host)
{
	struct piece port = { "", 0 };
	const char *bracket = host->n ? memrchr(host->at, ']', host->n) : NULL;
	const char *from = bracket ? bracket : host->at;
	const char *colon = memrchr(from, ':', (size_t)(host->at + host->n - from));

	if (colon) {
		port = (struct piece){ colon + 1,
			               (size_t)(host->at + host->n - colon - 1) };
		host->n = (size_t)(colon - host->at);
	}
	while (port.n > 1 && *port.at == '0') {
		port.at++;
		port.n--;
	}
	return port;
}

static bool is_loopback(struct piece host)
{
	return (host.n == 9 && strncasecmp(host.at, "localhost", 9) == 0) ||
	       is(host, "[::1]") || is(host, "::1") || begins(host, "127.");
}

static void add_host(struct piece host, struct piece port, const char *usual,
                     struct remote_url *u)
{
	while (host.n && host.at[host.n - 1] == '.')
		host.n--;
	for (size_t i = 0; i < host.n; i++)
		buf_add_u8(&u->place, (uint8_t)lower(host.at[i]));
	u->loopback = is_loopback(host);
	if (port.n && !is(port, usual))
		buf_addf(&u->place, ":%.*s", (int)port.n, port.at);
}

/* Slashes at the end, and ".git", stand for nothing. */
static void trim_path(struct piece *path)
{
	while (cut_end(path, "/"))
		continue;
	if (cut_end(path, ".git"))
		while (cut_end(path, "/"))
			continue;
}

/* The path behind the host: one slash for several. */
static void add_path(struct piece path, struct buf *out)
{
	char before = '/';

	buf_add_u8(out, '/');
	for (size_t i = 0; i < path.n; i++) {
		if (path.at[i] != '/' || before != '/')
			buf_add_u8(out, (uint8_t)path.at[i]);
		before = path.at[i];
	}
}

/* Whose home a path begins at; "" where it does not. Forges let everybody in as "git", and
 * know no homes. */
static void add_home(struct piece user, struct piece *path, bool relative,
                     struct buf *out)
{
	if (begins(*path, "~/") || is(*path, "~")) {
		path->at++;
		path->n--;
		relative = true;
	} else if (begins(*path, "~")) {
		relative = false; /* it says whose */
	}
	if (relative && !is(user, "git"))
		buf_addf(out, "/~%.*s", (int)user.n, user.at);
}

static int finish_host(struct remote_url *u, struct piece path, struct err *err)
{
	while (begins(path, "/")) {
		path.at++;
		path.n--;
	}
	trim_path(&path);
	add_path(path, &u->place);
	struct piece shown_part = { path.at, path.n };
	for (size_t i = 0; i < shown_part.n; i++)
		if (strchr("?#", shown_part.at[i]))
			shown_part.n = i;
	trim_path(&shown_part);
	make_name(shown_part, u->name);
	return u->place.failed ? err_nomem(err, "a remote's URL") : 0;
}

static int nowhere(struct err *err)
{
	return err_set(err, ERR_INPUT, "a remote's URL leads nowhere");
}

/* "scheme://[user[:password]@]host[:port]/path" */
static int parse_host_url(struct piece scheme, struct piece rest, struct remote_url *u,
                          struct err *err)
{
	const char *slash = memchr(rest.at, '/', rest.n);
	size_t n = slash ? (size_t)(slash - rest.at) : rest.n;
	struct piece host = { rest.at, n }, path = { rest.at + n, rest.n - n };
	struct piece user = cut_user(&host), port = cut_port(&host);
	bool ssh = strcmp(port_of(scheme), "22") == 0;

	u->kind = REMOTE_HOST;
	if (!host.n)
		return nowhere(err);
	const char *colon = user.n ? memchr(user.at, ':', user.n) : NULL;
	if (colon)
		user.n = (size_t)(colon - user.at);
	add_host(host, port, port_of(scheme), u);
	if (ssh && begins(path, "/~")) {
		path.at++;
		path.n--;
		add_home(user, &path, false, &u->place);
	}
	return finish_host(u, path, err);
}

/* "[user@]host:path", "[host:port]:path" */
static int parse_scp(struct piece host, struct piece path, struct remote_url *u,
                     struct err *err)
{
	struct piece user = cut_user(&host), port = { "", 0 };

	u->kind = REMOTE_HOST;
	if (begins(host, "[") && cut_end(&host, "]")) {
		host.at++;
		host.n--;
		struct piece inner = host;
		struct piece number = cut_port(&inner);
		if (!memchr(inner.at, ':', inner.n)) { /* not an address of IPv6 */
			host = inner;
			port = number;
		}
	}
	if (!host.n || !path.n)
		return nowhere(err);
	if (memchr(host.at, ':', host.n))
		buf_add_u8(&u->place, '[');
	add_host(host, port, "22", u);
	if (u->place.size && u->place.data[0] == '[')
		buf_add_u8(&u->place, ']');
	if (!begins(path, "/"))
		add_home(user, &path, true, &u->place);
	return finish_host(u, path, err);
}

/* ---------------------------------------------------------------- the others */

static int parse_folder(struct piece path, struct remote_url *u, struct err *err)
{
	u->kind = REMOTE_FOLDER;
	buf_add(&u->place, path.at, path.n);
	buf_text(&u->place);
	trim_path(&path);
	make_name(path, u->name);
	return u->place.failed ? err_nomem(err, "a remote's URL") : 0;
}

/* What a program of the user's understands. A URL in it loses its user, too. */
static int parse_helper(struct piece helper, struct piece rest, struct remote_url *u,
                        struct err *err)
{
	const char *mark = memmem(rest.at, rest.n, "://", 3);

	u->kind = REMOTE_HELPER;
	buf_addf(&u->place, "%.*s::", (int)helper.n, helper.at);
	if (mark) {
		struct piece scheme = { rest.at, (size_t)(mark - rest.at) };
		struct piece address = { mark + 3, rest.n - scheme.n - 3 };
		const char *slash = memchr(address.at, '/', address.n);
		size_t n = slash ? (size_t)(slash - address.at) : address.n;
		struct piece host = { address.at, n };
		struct piece path = { address.at + n, address.n - n };
		cut_user(&host);
		buf_addf(&u->place, "%.*s://%.*s", (int)scheme.n, scheme.at, (int)host.n,
		         host.at);
		rest = path;
		for (size_t i = 0; i < path.n; i++)
			if (strchr("?#", path.at[i]))
				path.n = i;
		trim_path(&path);
		make_name(path, u->name);
	}
	buf_add(&u->place, rest.at, rest.n);
	return u->place.failed ? err_nomem(err, "a remote's URL") : 0;
}

static bool is_scheme(struct piece p)
{
	for (size_t i = 0; i < p.n; i++) {
		char c = lower(p.at[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9' && i) ||
		      (strchr("+-.", c) && i)))
			return false;
	}
	return p.n > 0;
}

static int parse(struct piece all, struct remote_url *u, struct err *err)
{
	const char *colon = memchr(all.at, ':', all.n),
		   *slash = memchr(all.at, '/', all.n);
	struct piece front = { all.at, colon ? (size_t)(colon - all.at) : 0 };
	struct piece rest = { all.at + front.n + 1, colon ? all.n - front.n - 1 : 0 };

	if (colon && begins(rest, ":") && is_scheme(front))
		return parse_helper(front, (struct piece){ rest.at + 1, rest.n - 1 }, u,
		                    err);
	if (colon && begins(rest, "//") && is_scheme(front)) {
		if (is(front, "file") && (rest.n == 2 || rest.at[2] != '/'))
			return parse_folder(rest, u, err); /* "//host/path" */
		rest.at += 2;
		rest.n -= 2;
		return is(front, "file") ? parse_folder(rest, u, err)
		                         : parse_host_url(front, rest, u, err);
	}
	if (all.at[0] == '[') { /* the colon behind the bracket counts */
		const char *end = memchr(all.at, ']', all.n);
		size_t n = end ? (size_t)(end + 1 - all.at) : 0;
		if (end && n < all.n && all.at[n] == ':')
			return parse_scp((struct piece){ all.at, n },
			                 (struct piece){ end + 2, all.n - n - 1 }, u,
			                 err);
	}
	if (colon && (!slash || colon < slash))
		return parse_scp(front, rest, u, err);
	return parse_folder(all, u, err);
}

int remote_url_parse(const char *url, struct remote_url *out, struct err *err)
{
	struct remote_url u = { .kind = REMOTE_FOLDER, .place = BUF_INIT };
	struct piece all = { url, strlen(url) };

	int rc = all.n && !strpbrk(url, "\r\n") ? parse(all, &u, err) : nowhere(err);
	if (rc)
		remote_url_wipe(&u);
	else
		*out = u;
	return rc;
}
