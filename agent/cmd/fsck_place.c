#include "agent/cmd/fsck_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/work/file_range.h"
#include "index/work/file_replace.h"
#include "index/work/work_part.h"

void fsck_place_open(struct fsck_place *p, const char *folder, const char *id,
                     const char *mode, const struct work_part *part)
{
	char which[64] = "";

	p->path = NULL;
	if (!work_part_is_all(part))
		snprintf(which, sizeof(which), "-%u-of-%u", part->nth + 1, part->of);
	if (folder && asprintf(&p->path, "%s/fsck/%s-%s%s", folder, id, mode, which) < 0)
		p->path = NULL;
}

void fsck_place_close(struct fsck_place *p)
{
	free(p->path);
	p->path = NULL;
}

/* Only a key that a check can stand at is believed. */
static bool is_place(const char *key)
{
	struct key_record record;
	struct oid oid;

	return key_parse_object(key, &oid) || key_parse_record(key, &record);
}

void fsck_place_read(const struct fsck_place *p, char key[KEY_MAX])
{
	int fd = p->path ? open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
	                 : -1;
	ssize_t n = fd < 0 ? 0 : read(fd, key, KEY_MAX - 1);

	if (fd >= 0)
		close(fd);
	key[n > 0 ? n : 0] = 0;
	key[strcspn(key, "\n")] = 0;
	if (!is_place(key))
		*key = 0;
}

/* The folders above, for the owner alone. */
static void make_folders(const char *path)
{
	char *copy = strdup(path);

	for (char *at = copy ? strchr(copy + 1, '/') : NULL; at;
	     at = strchr(at + 1, '/')) {
		*at = 0;
		if (mkdir(copy, 0700) && errno != EEXIST)
			break;
		*at = '/';
	}
	free(copy);
}

void fsck_place_write(const struct fsck_place *p, const char *key)
{
	struct file_replace file = FILE_REPLACE_INIT;
	struct err ignored = ERR_INIT;
	char line[KEY_MAX + 1];
	int n = snprintf(line, sizeof(line), "%s\n", key);

	if (!p->path || !*key)
		return;
	make_folders(p->path);
	if (file_replace_begin(p->path, &file, &ignored))
		return;
	if (!file_range_write(file.fd, 0, line, (size_t)n, &ignored))
		file_replace_commit(&file, &ignored);
	else
		file_replace_abort(&file);
}

void fsck_place_forget(const struct fsck_place *p)
{
	if (p->path)
		unlink(p->path);
}
