#include "agent/cmd/init_shared.h"

#include <stdint.h>
#include <sys/stat.h>

#include "agent/report/count_text.h"
#include "agent/report/report.h"
#include "agent/where/store_kind.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"

void init_shared_ask(struct store_folder_modes *modes)
{
	modes->folder |= S_ISGID | S_IRWXG;
	modes->file |= S_IRGRP;
}

int init_shared_open_up(const struct store_kind *kind, const struct store *store,
                        struct err *err)
{
	uint64_t left = 0;

	if (!kind->share)
		return err_set(err, ERR_INPUT,
		               "'--shared' is for a store in a folder; %s",
		               kind->writers);
	int rc = kind->share(store->name, &left, err);
	if (!rc && left)
		report_note("%s to others: 'git "
		            "zllm doctor' says what opens that up",
		            COUNT(left, "folder or file of the store belongs",
		                  "folders and files of the store belong"));
	return rc;
}
