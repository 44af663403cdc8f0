#include "agent/cmd/init_shared.h"

#include <grp.h>
#include <stdint.h>
#include <sys/stat.h>

#include "agent/report/report.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/folder/store_folder_survey.h"
#include "index/store/store.h"

void init_shared_ask(struct store_folder_modes *modes)
{
	modes->folder |= S_ISGID | S_IRWXG;
	modes->file |= S_IRGRP;
}

int init_shared_open_up(const struct store_url *url, const struct store *store,
                        struct err *err)
{
	uint64_t left = 0;

	if (url->kind != STORE_FOLDER)
		return err_set(
			err, ERR_INPUT,
			"'--shared' is for a store in a folder; who may write to a "
			"bucket is said by its policy");
	int rc = store_folder_share(store->name, &left, err);
	if (!rc && left)
		report_note("%llu folders and files of the store belong to others: 'git "
		            "zllm doctor' says what opens them up",
		            (unsigned long long)left);
	return rc;
}

void init_shared_say(const struct store *store)
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
