/* Stores in folders: file:///abs/path, and paths. */
#include "agent/where/store_kind.h"

#include <grp.h>
#include <sys/stat.h>

#include "agent/report/report.h"
#include "agent/where/doctor_folder.h"
#include "agent/where/store_context.h"
#include "index/store/folder/store_folder.h"
#include "index/store/folder/store_folder_survey.h"
#include "index/store/store.h"

static int open_folder(const struct store_url *url, const char *name,
                       const struct store_context *context, struct store **out,
                       struct err *err)
{
	(void)url;
	return store_folder_open(name, context->modes, out, err);
}

static int make_folder(const char *name, const struct store_context *context,
                       struct err *err)
{
	return store_folder_create(name, context->modes, err);
}

/* Who may push to the folder beside its owner, and what its file system does not do. */
static void tell_folder(const struct store *store)
{
	struct stat st;

	if (!stat(store->name, &st) && (st.st_mode & S_IWGRP)) {
		const struct group *group = getgrgid(st.st_gid);
		report_line("shared:   with the group %s (or the folder's ACL)",
		            group ? group->gr_name : "it belongs to");
	}
	if (store_folder_lacks(store))
		report_note("its file system does not keep every promise: 'git zllm "
		            "doctor' says which");
}

const struct store_kind store_kind_folder = {
	.scheme = "file",
	.noun = "folder",
	.place = "path",
	.example = "a folder",
	.is_path = true,
	.guard = "the operating system says who may read and write them",
	.open = open_folder,
	.make = make_folder,
	.missing = "is its disk mounted?",
	.sweep = store_folder_sweep,
	.share = store_folder_share,
	.tell = tell_folder,
	.doctor = { .like = doctor_folder },
};
