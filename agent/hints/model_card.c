#include "agent/hints/model_card.h"

#include <stdbool.h>
#include <string.h>

#include "agent/hints/front_matter.h"
#include "agent/hints/model_name.h"
#include "agent/report/json.h"

struct card_file {
	const char *name;
	const char *member; /* of its JSON; NULL: it has front matter instead */
};

static const struct card_file files[MODEL_CARD_FILES] = {
	{ "README.md", NULL },
	{ "adapter_config.json", "base_model_name_or_path" },
	{ "config.json", "_name_or_path" },
};

const char *model_card_file(unsigned i)
{
	return files[i].name;
}

static void read_member(const char *member, const char *text, size_t n,
                        struct model_names *out)
{
	struct json *j = json_parse(text, n);
	const char *value = j ? json_get_str(j, member) : NULL;

	if (value)
		model_names_add(out, value, strlen(value));
	json_free(j);
}

void model_card_read(unsigned i, const char *text, size_t n, struct model_names *out)
{
	if (n > MODEL_CARD_SIZE_MAX)
		return;
	if (files[i].member)
		read_member(files[i].member, text, n, out);
	else
		front_matter_bases(text, n, out);
}
