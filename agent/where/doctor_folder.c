/* A store in a folder: is it shared as its folder says, and what does its file system
 * not do. */
#include "agent/where/doctor_folder.h"

#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/report/checkup.h"
#include "agent/where/store_context.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/folder/store_folder_survey.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum { GROUP_TEXT = 64, REMEDY_TEXT = 768 };

/* The name of a group, or its number. */
static void group_format(gid_t group, char text[GROUP_TEXT])
{
	const struct group *known = getgrgid(group);

	if (known)
		snprintf(text, GROUP_TEXT, "%s", known->gr_name);
	else
		snprintf(text, GROUP_TEXT, "%u", (unsigned)group);
}

/* ---------------------------------------------------------------- sharing */

/* What opens the store up to `group`, and to others as far as the store's folder is, by
 * its owner or root. */
static void open_up(const struct store *s, const char *group, mode_t mode,
                    char remedy[REMEDY_TEXT])
{
	snprintf(
		remedy, REMEDY_TEXT,
		"its owner or root runs: chgrp -R %s '%s'; chmod -R %s+rX '%s'; find '%s' "
		"-type d -exec chmod g+ws%s {} +",
		group, s->name, mode & S_IROTH ? "go" : "g", s->name, s->name,
		mode & S_IWOTH ? ",o+w" : "");
}

/* A finding about some of what is in the store. */
static void tell_some(struct checkup *c, const struct store_folder_some *some,
                      const char *what, const char *remedy)
{
	if (some->count)
		checkup_add(c, FINDING_BAD, "sharing", remedy, "%s %s%s", some->first,
		            what, some->count > 1 ? ", and others too" : "");
}

static void tell_survey(struct checkup *c, const struct store *s,
                        const struct store_folder_survey *v, const char *group)
{
	char what[GROUP_TEXT + 64], remedy[REMEDY_TEXT];

	open_up(s, group, v->mode, remedy);
	snprintf(what, sizeof(what), "is not of the group %s, as the store's folder is",
	         group);
	tell_some(c, &v->foreign, what, remedy);
	tell_some(c, &v->narrow,
	          "does not have all the rights that the store's folder gives", remedy);
	tell_some(c, &v->unset, "does not hand its group down (setgid)", remedy);
	tell_some(c, &v->hidden, "cannot be read by all who may read the store's folder",
	          remedy);
	snprintf(
		remedy, sizeof(remedy),
		"its owner or root runs: getfacl -cp '%s' >acl.txt; find '%s' -mindepth 1 "
		"-type d -exec setfacl --set-file=acl.txt {} +",
		s->name, s->name);
	tell_some(c, &v->bare, "does not have the default ACL of the store's folder",
	          remedy);
}

/* What a push of this user would make. */
static void tell_tried(struct checkup *c, const struct store_folder_survey *v,
                       const char *group)
{
	char made[GROUP_TEXT];

	group_format(v->made_group, made);
	if (!v->tried)
		return;
	if (v->made_group != v->group && !v->by_acl)
		checkup_add(c, FINDING_BAD, "sharing",
		            "make this user a member of the group, or have the store's "
		            "folder hand it down (chmod g+s)",
		            "a folder made here is of the group %s, not %s", made, group);
	else if (v->mode & ~v->made_mode & 0777 && !v->by_acl)
		checkup_add(c, FINDING_BAD, "sharing",
		            "make this user a member of the group; on a network file "
		            "system look at the options it is exported and mounted with",
		            "a folder made here has the mode %04o, the store's has %04o",
		            v->made_mode, v->mode);
}

static bool is_shared(mode_t mode)
{
	return (mode & S_ISGID) && (mode & S_IWGRP);
}

/* Who may push, as the store's folder says. */
static void tell_shared(struct checkup *c, const struct store *s,
                        const struct store_folder_survey *v, const char *group)
{
	char remedy[REMEDY_TEXT], above[GROUP_TEXT];

	group_format(v->above_group, above);
	open_up(s, is_shared(v->above_mode) ? above : group, v->mode, remedy);
	if (v->by_acl)
		checkup_add(c, FINDING_GOOD, "sharing", NULL,
		            "the folder's default ACL says who may push");
	else if (v->mode & S_IWGRP)
		checkup_add(c, FINDING_GOOD, "sharing", NULL, "the group %s may push",
		            group);
	else if (v->mode & S_ISGID)
		checkup_add(c, FINDING_DOUBTFUL, "sharing", remedy,
		            "the folder hands its group %s down, but the group may not "
		            "write",
		            group);
	else if (is_shared(v->above_mode))
		checkup_add(c, FINDING_DOUBTFUL, "sharing", remedy,
		            "the folder above is shared by the group %s, but only the "
		            "store's owner may push",
		            above);
}

static void check_sharing(struct checkup *c, struct store *s,
                          const struct store_folder_modes *asked)
{
	struct store_folder_survey v;
	struct err err = ERR_INIT;
	char group[GROUP_TEXT], remedy[REMEDY_TEXT];

	if (store_folder_survey(s, &v, &err)) {
		checkup_add(c, FINDING_BAD, "sharing", NULL, "%s", err.text);
		return;
	}
	group_format(v.group, group);
	open_up(s, group, v.mode, remedy);
	tell_shared(c, s, &v, group);
	if ((asked->folder & S_ISGID) && (asked->folder & S_IWGRP) &&
	    !(v.mode & S_IWGRP) && !v.by_acl)
		checkup_add(c, FINDING_DOUBTFUL, "sharing", remedy,
		            "core.sharedRepository is set in this repository, but the "
		            "store's folder is not shared: others make folders of their "
		            "own in it");
	tell_survey(c, s, &v, group);
	tell_tried(c, &v, group);
	tell_some(
		c, &v.links, "is a symbolic link, and none is followed in a store",
		"move the whole store and leave a link in its place, or mount the folder "
		"there ('mount --bind')");
}

/* ---------------------------------------------------------------- the file system */

static void check_promises(struct checkup *c, const struct store *s)
{
	static const struct {
		enum store_folder_promise promise;
		const char *text, *remedy;
	} promises[] = {
		{ STORE_FOLDER_SYNCS_FILES,
		  "the file system cannot make files durable (fsync): a power cut may take "
		  "what was pushed last",
		  "after one, run 'git zllm fsck' and push again what it misses" },
		{ STORE_FOLDER_SYNCS_NAMES,
		  "the file system cannot make names durable (fsync of a folder): a power "
		  "cut may take what was pushed last",
		  "after one, run 'git zllm fsck' and push again what it misses" },
		{ STORE_FOLDER_HAS_MODES,
		  "the file system does not store modes: the options it is mounted with say who may read and write",
		  NULL },
	};

	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++)
		if (store_folder_lacks(s) & promises[i].promise)
			checkup_add(c, FINDING_DOUBTFUL, "file system",
			            promises[i].remedy, "%s", promises[i].text);
}

static void check_names(struct checkup *c, const struct store *s)
{
	unsigned bases = key_bases_max(s->name_max);

	if (!s->name_max)
		return;
	checkup_add(
		c, FINDING_DOUBTFUL, "file system",
		"keep the store on a file system whose names take 255 bytes; an "
		"encrypted share often takes 143",
		"names end before %u bytes: tensors are stored as differences to at most "
		"%u others, and bases in other repositories are found by card and "
		"name only",
		bases == KEY_BASES_MAX ? KEY_MARKER_NAME
				       : s->name_max + 1 + 2 * KEY_BASE_PREFIX,
		bases);
}

void doctor_folder(struct checkup *c, struct store *store,
                   const struct store_context *context)
{
	check_sharing(c, store, context->modes);
	check_promises(c, store);
	check_names(c, store);
}
