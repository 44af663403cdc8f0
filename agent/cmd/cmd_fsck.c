#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/command.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/where/connection.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_marker_rebuild.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_judge.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"

struct fsck {
	struct connection connection;
	struct connection writing; /* opened when something is to be set aside */
	bool tried;                /* whether it was; then, if it could not be: */
	struct err no_writing;
	size_t good, bad;
	int exit_code;
};

/* ---------------------------------------------------------------- setting aside */

/* The store that is being checked, opened as a push would: with its trust and keys. */
static int open_for_writing(struct fsck *f, struct err *err)
{
	if (!f->tried) {
		f->tried = true;
		if (!connection_open(ENDPOINT_UPLOAD, NULL, &f->writing,
		                     &f->no_writing) &&
		    strcmp(f->writing.store->name, f->connection.store->name) != 0)
			err_set(&f->no_writing, ERR_CONFIG,
			        "pushes go to another store, %s", f->writing.store->name);
	}
	if (f->no_writing.code)
		*err = f->no_writing;
	return f->no_writing.code;
}

/* A bucket that lets nothing be deleted has taken a copy into trash/ before it says so: one
 * is enough. */
static int note_refusal(struct fsck *f, int rc, const struct err *why)
{
	if (rc == ERR_CONFIG)
		f->no_writing = *why;
	return rc;
}

/* Takes a manifest that was proved false out of the way of a true one, where that is
 * allowed; a checker that may only read says what it found all the same. */
static int tell_false(struct fsck *f, const struct oid *oid, const struct buf *bytes,
                      struct err *err)
{
	struct err why = ERR_INIT;
	int rc = open_for_writing(f, &why);

	if (!bytes->size)
		return err_set(err, ERR_MISSING, "the store does not have it");
	if (!rc)
		rc = note_refusal(
			f, manifest_set_aside(f->writing.store, oid, bytes, &why), &why);
	if (rc > 0)
		return err_set(err, ERR_MISMATCH,
		               "its manifest was false, and is another one by now; check "
		               "it again");
	err_set(err, ERR_MISMATCH, "%s; push the object again from a clone that has it",
	        rc ? why.text : "it was set aside");
	if (rc)
		err_context(err, "it could not be set aside");
	return err_context(err,
	                   "its manifest is false, for its records are whole and make "
	                   "up other bytes than those of its name");
}

/* ---------------------------------------------------------------- checking */

static void tell_fault(struct fsck *f, const struct oid *oid, const struct err *fault)
{
	char text[SHA256_HEX + 1];
	struct err err = *fault;

	oid_format(oid, text);
	err_context(&err, "object %s", text);
	f->exit_code = report_error(&err);
}

/* Which object is being looked at. */
struct looking {
	struct fsck *fsck;
	const struct oid *oid;
};

/* Sets aside what was proved wrong; *moved is whether anything was. */
static int set_aside_wrong(struct fsck *f, const struct buf *wrong, bool *moved,
                           struct err *err)
{
	int rc = wrong->size ? open_for_writing(f, err) : 0;

	*moved = false;
	for (size_t at = 0; at < wrong->size && rc >= 0;
	     at += sizeof(struct blob_place)) {
		struct blob_place place;
		memcpy(&place, wrong->data + at, sizeof(place));
		rc = record_judge_set_aside(&f->connection.transfer, f->writing.store,
		                            &place, err);
		*moved |= rc == 0;
	}
	return rc < 0 ? note_refusal(f, rc, err) : 0;
}

/* A record is to blame. It is taken out of the way of a good one, where it is proved wrong
 * and that is allowed; else it stays, and a push may mend it all the same. */
static void tell_record(void *ctx, const struct oid *id, const struct err *fault)
{
	const struct looking *l = ctx;
	struct buf wrong = BUF_INIT;
	struct err why = ERR_INIT, told = *fault;
	bool moved = false;
	int rc = record_judge_blob(&l->fsck->connection.transfer, id, &wrong, &why);

	if (!rc)
		rc = set_aside_wrong(l->fsck, &wrong, &moved, &why);
	if (rc || moved || fault->code != ERR_MISSING)
		err_set(&told, fault->code,
		        "%s%s%s; push the object again from a clone that has it",
		        fault->text,
		        rc      ? "; what is wrong could not be set aside: "
		        : moved ? "; what is wrong was set aside"
		                : "",
		        rc ? why.text : "");
	told.code = fault->code == ERR_MISSING ? ERR_DAMAGED
	                                       : fault->code; /* the object is */
	tell_fault(l->fsck, l->oid, &told);
	buf_wipe(&wrong);
}

/* The manifest and its bytes. One that was moved out of sight by a push that did not end
 * is looked at where it lies; *bytes then is what is in its place. */
static int find_manifest(struct store *s, const struct oid *oid, struct manifest *out,
                         struct buf *bytes, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = manifest_get_bytes(s, oid, out, bytes, &why);

	if (rc == 1 || rc == ERR_DAMAGED)
		rc = manifest_recall(s, oid, manifest_parse_places, out, &why);
	if (rc < 0)
		*err = why;
	return rc > 0 ? err_set(err, ERR_MISSING, "the store does not have it") : rc;
}

/* Restores one object from the store and compares its SHA-256 with its name. True when
 * it is whole; what is not was told. */
static bool check_object(struct fsck *f, const struct oid *oid)
{
	const struct transfer *t = &f->connection.transfer;
	struct looking looking = { f, oid };
	struct object_judge judge = { tell_record, &looking };
	enum object_verdict verdict = OBJECT_RECORDS_WRONG;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct manifest m;
	int rc = find_manifest(t->store, oid, &m, &bytes, &err);

	if (!rc) {
		rc = object_prove(t, &m, &judge, &verdict, &err);
		manifest_wipe(&m);
	}
	if (!rc && verdict == OBJECT_MANIFEST_FALSE)
		rc = tell_false(f, oid, &bytes, &err);
	if (rc)
		tell_fault(f, oid, &err);
	buf_wipe(&bytes);
	return !rc && verdict == OBJECT_PROVED;
}

static void check_and_count(struct fsck *f, const struct oid *oid)
{
	*(check_object(f, oid) ? &f->good : &f->bad) += 1;
}

static int note_object(void *ctx, const struct store_entry *entry)
{
	struct buf *oids = ctx;
	struct oid oid;

	if (key_parse_object(entry->key, &oid))
		buf_add(oids, &oid, sizeof(oid));
	return oids->failed ? ERR_NOMEM : 0;
}

static int check_all(struct fsck *f, struct err *err)
{
	struct buf oids = BUF_INIT;
	int rc = store_list(f->connection.store, "objects/", note_object, &oids, err);

	for (size_t at = 0; at < oids.size && !rc; at += sizeof(struct oid))
		check_and_count(f, (const struct oid *)(const void *)(oids.data + at));
	buf_wipe(&oids);
	return rc;
}

static int check_named(struct fsck *f, int count, char **names, struct err *err)
{
	for (int i = 0; i < count; i++) {
		struct oid oid;
		if (!oid_parse(names[i], &oid))
			return err_set(err, ERR_INPUT,
			               "'%s' is not an oid (64 hex digits)", names[i]);
		check_and_count(f, &oid);
	}
	return 0;
}

static int make_markers(struct fsck *f, struct err *err)
{
	struct marker_rebuild done;
	int rc = base_markers_rebuild(&f->connection.transfer, &done, err);

	if (!rc)
		report_line("%zu objects looked at, %zu markers made, %zu were there",
		            done.objects, done.made, done.known);
	return rc;
}

struct fsck_options {
	bool markers;
};

static const struct option_spec specs[] = {
	{ "markers", OPTION_FLAG, NULL, "make the base markers that the store lacks",
	  offsetof(struct fsck_options, markers) },
	{ 0 },
};

static int check(struct fsck *f, int argc, char **argv, struct err *err)
{
	int rc;

	/* What a cache has of a base proves nothing of the store's. */
	f->connection.transfer.cache = NULL;
	rc = argc ? check_named(f, argc, argv, err) : check_all(f, err);
	if (!rc)
		report_line("%zu objects whole, %zu not", f->good, f->bad);
	return rc;
}

static int run(int argc, char **argv)
{
	struct fsck_options options = { 0 };
	struct fsck f = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && options.markers && argc)
		rc = err_set(&err, ERR_INPUT, "fsck --markers takes no oid");
	if (!rc)
		rc = connection_open(options.markers ? ENDPOINT_UPLOAD
		                                     : ENDPOINT_DOWNLOAD,
		                     NULL, &f.connection, &err);
	if (rc)
		return report_error(&err);
	rc = options.markers ? make_markers(&f, &err) : check(&f, argc, argv, &err);
	if (rc)
		f.exit_code = report_error(&err);
	connection_close(&f.writing);
	connection_close(&f.connection);
	return f.exit_code;
}

const struct command cmd_fsck = {
	.name = "fsck",
	.arguments = "[--markers | <oid>...]",
	.summary = "read every object of the store and check its SHA-256",
	.details =
		"Restores each object (or those named) from the store without writing it\n"
		"anywhere, and compares the SHA-256 of its bytes with its name. Exit code 3\n"
		"when something is wrong. An object that is not whole is read once more to\n"
		"name each record that is damaged, missing or another's. One whose content\n"
		"is proved not to be that of its name is set aside (into trash/ of the store,\n"
		"where you may write there). Where all of them are right the manifest is\n"
		"false, and is set aside. What cannot be read, or is from a newer version,\n"
		"stays. Nothing else is changed.\n"
		"To mend an object: git lfs push --object-id <remote> <oid>, in a clone that\n"
		"has it.\n\n"
		"With --markers it checks nothing, and makes the base markers that the store\n"
		"lacks: those of a store from before there were any, or that could not be\n"
		"written. By them a base is found where git names none.\n",
	.options = specs,
	.run = run,
};
