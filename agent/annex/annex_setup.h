/*
 * A remote is set up: `git annex initremote`, or `enableremote`, which git-annex also does by
 * itself in a clone where autoenable=true was said. The protocol does not tell which. A
 * store is made, and trusted, only where a person has just named it: where no git-annex
 * branch knows the remote yet. All else is on a repository's word.
 */
#ifndef ZLLM_ANNEX_SETUP_H
#define ZLLM_ANNEX_SETUP_H

struct annex_job;
struct annex_remote;
struct err;

/* Looks at the configuration; and makes the store where the remote is new. May be done any
 * number of times. */
int annex_setup(struct annex_remote *r, struct annex_job *job, struct err *err);

#endif
