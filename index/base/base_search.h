/*
 * Where may the bases of an object's tensors lie? Asked once for an object; then any
 * of its tensors may be asked for.
 *
 *     hints (the user, git, the card) -> their manifests -> likes by name and shape
 *                                                             |
 *              near enough, by their sketches, for nearly all bytes? yes: done
 *                                                             | no
 *     list markers of some tensors -> the objects they name -> their manifests -> likes
 *     by name, then by values
 *              ^------------ of more tensors, while some are not satisfied
 *
 * Tensors of one model mostly come from one model, so a few listings are enough: an
 * object that a marker names brings its manifest, and that the other tensors. Only
 * where nothing is found is each tensor asked for, up to a limit. Where names find nothing
 * the markers by values are asked (kin_marker.h), of a few tensors, so that a model with
 * other names is found as soon.
 *
 * Thread rule: one thread runs the search; then any thread may ask.
 */
#ifndef ZLLM_BASE_SEARCH_H
#define ZLLM_BASE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "index/base/relatives.h"

struct base_hint;
struct base_hints;
struct base_search;
struct err;
struct extent;
struct transfer;

/* What a search costs at the most. Requests are one for each thousand keys. */
enum {
	SEARCH_ALL_MAX = 999, /* markers of a store that is read at once: one page */
	SEARCH_LISTINGS_MAX = 256,
	SEARCH_KIN_MAX = 28, /* of these, by values */
	SEARCH_BETTER_MAX = 16, /* where all have a like that is near, but a dear base */
	SEARCH_OBJECTS_MAX = 48, /* manifests of objects that markers name */
	SEARCH_CROWD = 500,      /* keys of a name-key beyond which only its band is read */
	SEARCH_BAND_MAX = 4000   /* keys of a band that are looked at */
};

/* What a search did. */
struct base_search_cost {
	size_t manifests; /* asked for */
	size_t listings;
	size_t markers; /* keys that the listings gave */
};

/* What is searched for, and where first. What the pointers point to must outlive the
 * search. */
struct base_search_request {
	const struct base_hints *hints; /* best first */
	const struct extent *const *wanted; /* `count` tensors */
	size_t count;
};

/* Searches for the tensors that are wanted and whose sketches are known; others are passed
 * over, and so is what the store does not have, or what is damaged in it. 0, or
 * ERR_NOMEM. */
int base_search_run(const struct transfer *t, const struct base_search_request *request,
                    struct base_search **out, struct err *err);
void base_search_free(struct base_search *s); /* NULL is fine */

/* The relatives that candidates come from: relatives_like() gives those of a tensor, each
 * with its reason: who named it and how far it is. */
const struct relatives *base_search_relatives(const struct base_search *s);

/* The objects that markers named and that had likes, as hints. */
const struct base_hints *base_search_found(const struct base_search *s);

const struct base_search_cost *base_search_cost(const struct base_search *s);

#endif
