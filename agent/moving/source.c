#include "agent/moving/source.h"

#include <stdlib.h>
#include <string.h>

#include "agent/moving/source_name.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

int source_add(struct source *s, const char *path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real) {
		err_errno(err, "%s", path);
		err->code = ERR_INPUT;
		return err->code;
	}
	int rc = source_hub_add(s, real, err);
	if (rc > 0)
		rc = source_annex_add(s, real, err);
	if (rc > 0)
		rc = source_lfs_add(s, real, err);
	if (rc > 0)
		rc = source_folder_add(s, real, err);
	free(real);
	return rc;
}

int64_t source_model_add(struct source *s, const struct source_model *model,
                         struct err *err)
{
	struct batch_model made = { .unlisted = model->unlisted };
	struct model_name name;
	char none[] = "";

	source_name_make(s->name ? s->name : model->text, &name);
	source_owner_id(name.text, made.repo_id);
	made.name = name.text;
	made.revision = model->revision ? (char *)(uintptr_t)model->revision : none;
	made.folder = (char *)(uintptr_t)model->folder;
	return batch_add_model(s->batch, &made, err);
}

bool source_is_folder(const char *path, const char *name)
{
	struct buf whole = BUF_INIT;
	struct stat st;

	buf_addf(&whole, "%s/%s", path, name);
	bool is = !whole.failed && !stat(buf_text(&whole), &st) && S_ISDIR(st.st_mode);
	buf_wipe(&whole);
	return is;
}

bool source_named_oid(const char *path, struct oid *out)
{
	const char *slash = strrchr(path, '/');

	return oid_parse(slash ? slash + 1 : path, out);
}
