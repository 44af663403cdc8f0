#include "agent/cmd/large_file_warning.h"

#include <string.h>

#include "agent/cmd/program_path.h"
#include "agent/git/large_blobs.h"
#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/report/size_text.h"
#include "agent/where/base_cache.h"
#include "codec/common/buf.h"

/* The size above which model hubs refuse a file that git-lfs does not keep; a
 * tokenizer's or a configuration's JSON seldom comes near it. */
enum { DEFAULT_LIMIT = 10 << 20, NAMED_MAX = 3 };

static uint64_t find_limit(const struct lfs_config *config)
{
	const char *text = lfs_config_get(config, "zllm.largefile");
	uint64_t limit = DEFAULT_LIMIT;

	if (text && !base_cache_parse_size(text, &limit))
		report_note(
			"zllm.largeFile is '%s', which is not a size such as 10m; 10m is used",
			text);
	return limit;
}

/* The path as git-lfs's option takes it: a list of patterns with commas between. What
 * would mean something else there becomes "any one character". */
static void add_pattern(const char *path, struct buf *out)
{
	for (; *path; path++)
		buf_add_u8(out, strchr("*?[]\\,{}", *path) ? '?' : (uint8_t)*path);
}

static void say(const struct large_blobs *large)
{
	struct buf names = BUF_INIT, patterns = BUF_INIT, quoted = BUF_INIT;
	char size[SIZE_TEXT];

	for (size_t i = 0; i < large->count && i < NAMED_MAX; i++) {
		size_format(large->list[i].size, size);
		buf_addf(&names, "%s%s (%s)", i ? ", " : "", large->list[i].path, size);
		if (i)
			buf_add_u8(&patterns, ',');
		add_pattern(large->list[i].path, &patterns);
	}
	if (large->count > NAMED_MAX)
		buf_addf(&names, " and %zu more", large->count - NAMED_MAX);
	program_path_quote(buf_text(&patterns), &quoted);
	report_note(
		"%s: pushed into git itself, not to the store. 'git lfs track' is for "
		"the versions to come; git lfs migrate import --include=%s moves "
		"these, in commits that are not pushed yet (zllm.largeFile is the "
		"size from which on this is said)",
		buf_text(&names), buf_text(&quoted));
	buf_wipe(&names);
	buf_wipe(&patterns);
	buf_wipe(&quoted);
}

int large_file_warning_give(const struct lfs_config *config, const struct buf *revisions,
                            struct err *err)
{
	struct large_blobs large = LARGE_BLOBS_INIT;
	uint64_t limit = find_limit(config);

	int rc = limit ? large_blobs_find(revisions, limit, &large, err) : 0;
	if (!rc && large.count)
		say(&large);
	large_blobs_wipe(&large);
	return rc;
}
