#include "agent/moving/import_cards.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/hints/model_card.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/batch/batch.h"
#include "index/manifest/name_claim.h"
#include "index/work/file_range.h"

enum { HINTS_MAX = 32 };

void import_cards_wipe(struct import_cards *c)
{
	for (size_t i = 0; i < IMPORT_CARDS_KEPT; i++)
		free(c->kept[i].objects);
	*c = (struct import_cards){ .transfer = c->transfer };
}

static void read_card(const char *folder, unsigned i, struct model_names *names)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;

	buf_addf(&path, "%s/%s", folder, model_card_file(i));
	int fd = path.failed ? -1
	                     : open(buf_text(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_size <= MODEL_CARD_SIZE_MAX && buf_reserve(&text, (size_t)st.st_size) &&
	    !file_range_read(fd, 0, text.data, (size_t)st.st_size, &ignored))
		model_card_read(i, (const char *)text.data, (size_t)st.st_size, names);
	if (fd >= 0)
		close(fd);
	buf_wipe(&path);
	buf_wipe(&text);
}

/* The number of the name among those that are kept. */
static size_t look_up(struct import_cards *c, const struct model_name *name)
{
	struct err ignored = ERR_INIT;
	size_t at = c->next;

	for (size_t i = 0; i < IMPORT_CARDS_KEPT; i++)
		if (strcmp(c->kept[i].name.text, name->text) == 0 && c->kept[i].count)
			return i;
	c->next = (c->next + 1) % IMPORT_CARDS_KEPT;
	free(c->kept[at].objects);
	c->kept[at].objects = NULL;
	c->kept[at].count = 0;
	c->kept[at].name = *name;
	if (name_claim_objects(c->transfer, name->text, &c->kept[at].objects,
	                       &c->kept[at].count, &ignored))
		c->kept[at].count = 0; /* only a hint */
	return at;
}

static uint64_t gap(const struct named_object *o, uint64_t size)
{
	return o->size < size ? size - o->size : o->size - size;
}

static int by_gap(const void *a, const void *b, void *ctx)
{
	uint64_t size = *(const uint64_t *)ctx, x = gap(a, size), y = gap(b, size);

	if (x != y)
		return x < y ? -1 : 1;
	return oid_compare(&((const struct named_object *)a)->oid,
	                   &((const struct named_object *)b)->oid);
}

static void add_hint(struct base_hints *out, const struct oid *oid, const char *name)
{
	struct base_hint *list = realloc(out->list, (out->count + 1) * sizeof(*list));

	if (!list)
		return;
	out->list = list;
	list[out->count++] = (struct base_hint){ .oid = *oid,
		                                 .source = BASE_SOURCE_CARD,
		                                 .path = strdup(name) };
}

void import_cards_hint(struct import_cards *c, const struct batch_model *model,
                       uint64_t size, struct base_hints *out)
{
	struct model_names names = { .count = 0 };

	for (unsigned i = 0; model->folder && i < MODEL_CARD_FILES; i++)
		read_card(model->folder, i, &names);
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.list[i].text, model->name) == 0)
			continue;
		size_t at = look_up(c, &names.list[i]), count = c->kept[at].count;
		struct named_object *list = c->kept[at].objects;
		if (count)
			qsort_r(list, count, sizeof(*list), by_gap, &size);
		for (size_t k = 0; k < count && k < HINTS_MAX; k++)
			add_hint(out, &list[k].oid, names.list[i].text);
	}
}
