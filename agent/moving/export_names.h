/* The files of an imported model: what its lists of names say (index/batch/import_list.h). */
#ifndef ZLLM_EXPORT_NAMES_H
#define ZLLM_EXPORT_NAMES_H

struct err;
struct import_list;
struct transfer;

/* What is asked for. */
struct export_names {
	const struct transfer *transfer;
	const char *name;     /* as it was typed */
	const char *revision; /* the beginning of one; NULL: the one with the newest file */
};

/* Finds the lists of the name, those of one revision, and of each path its newest entry, in
 * order of paths. 0 with *out to be wiped; ERR_INPUT where there are none. */
int export_names_find(const struct export_names *asked, struct import_list *out,
                      struct err *err);

#endif
