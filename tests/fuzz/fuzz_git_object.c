/* Any object of git, as a commit and as a tree, of both hashes: no read past its end, and
 * what is taken can be used: ids of all their digits, names that are names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_commit(const uint8_t *data, size_t size, size_t id_size)
{
	struct git_commit c;

	if (!git_commit_parse(data, size, id_size, &c))
		return;
	if (strlen(c.tree.hex) != 2 * id_size || c.facts.time < 0 ||
	    c.facts.parent_count > COMMIT_PARENTS_MAX ||
	    c.facts.parent_count > c.all_parents)
		abort();
	for (size_t i = 0; i < c.facts.parent_count; i++)
		if (strlen(c.facts.parents[i].hex) != 2 * id_size)
			abort();
}

static void read_tree(const uint8_t *data, size_t size, size_t id_size)
{
	struct git_tree_cursor cursor = git_tree_cursor_over(data, size, id_size);
	struct git_tree_entry entry, last;
	struct commit_id id;

	for (size_t n = 0; git_tree_cursor_next(&cursor, &entry); n++) {
		if (!*entry.name || strchr(entry.name, '/') || entry.id < data ||
		    entry.id + id_size > data + size)
			abort();
		git_id_format(entry.id, id_size, &id);
		if (strlen(id.hex) != 2 * id_size ||
		    git_tree_entry_compare(&entry, &entry) != 0)
			abort();
		if (n && (git_tree_entry_compare(&entry, &last) < 0) !=
		                 (git_tree_entry_compare(&last, &entry) > 0))
			abort();
		last = entry;
	}
	if (git_tree_cursor_next(&cursor, &entry))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t id_sizes[] = { GIT_ID_SHA1, GIT_ID_SHA256 };

	for (size_t i = 0; i < 2; i++) {
		read_commit(data, size, id_sizes[i]);
		read_tree(data, size, id_sizes[i]);
	}
	return 0;
}
