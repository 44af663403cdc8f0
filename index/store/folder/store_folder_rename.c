#include "index/store/folder/store_folder_rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* Some shares are interrupted for ever. */
enum { REPEATS = 32 };

int store_folder_rename_sparing(int from, const char *name, int to, const char *as)
{
	int rc;

	for (int i = 0; (rc = renameat2(from, name, to, as, RENAME_NOREPLACE)); i++)
		if (errno != EINTR || i == REPEATS)
			break;
	return rc;
}

int store_folder_rename_over(int from, const char *name, int to, const char *as)
{
	int rc;

	for (int i = 0; (rc = renameat(from, name, to, as)); i++)
		if (errno != EINTR || i == REPEATS)
			break;
	return rc;
}
