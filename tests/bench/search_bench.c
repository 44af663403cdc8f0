/*
 * How long the search for a base takes in a folder store that is full of markers:
 *
 *     search_bench FOLDER MODELS NAMES
 *
 * Makes, in the empty folder FOLDER, the markers of MODELS models for each of the first
 * NAMES tensors (by rank) of a model of 300, as files; and KIN_MARKERS of each model by
 * values, under the one kin-key that they have. Then a base goes in, and four
 * searches for 300 tensors are timed, best of several: its fine-tune without a hint, the
 * same under other names, a model without a base, and the fine-tune with a hint. Prints one
 * line of JSON.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/base_marker.h"
#include "index/base/base_search.h"
#include "index/base/kin_key.h"
#include "index/base/kin_marker.h"
#include "index/blob/transfer.h"
#include "index/model/tensor_name.h"
#include "index/store/folder/store_folder.h"
#include "tests/unit/sketched_model.h"

enum { ROUNDS = 5 };

static const struct descent right = { 11, 0, 0 }, tuned = { 11, 1, 0.02 },
			    stranger = { 12, 0, 0 };

static void need(bool truth, const char *what)
{
	if (!truth) {
		perror(what);
		exit(1);
	}
}

static int by_rank(const void *a, const void *b)
{
	uint64_t x = base_marker_rank(*(const struct extent *const *)a);
	uint64_t y = base_marker_rank(*(const struct extent *const *)b);

	return x < y ? -1 : x > y;
}

static void make_marker(uint64_t name, size_t m)
{
	struct key_marker marker = { .band = (uint8_t)(m + name) };
	char key[KEY_MAX], folder[KEY_MAX];

	crowd_marker(name, m, &marker);
	key_marker(&marker, key);
	if (m < CROWD_BANDS) {
		strcpy(folder, key);
		*strrchr(folder, '/') = 0;
		need(mkdir(folder, 0755) == 0, folder);
	}
	int fd = open(key, O_CREAT | O_WRONLY | O_EXCL, 0444);
	need(fd >= 0 && close(fd) == 0, key);
}

static void make_markers(const char *folder, const struct sketched_model *m,
                         size_t models, size_t names)
{
	const struct extent *sorted[SKETCHED_TENSORS];

	need(chdir(folder) == 0 && mkdir("bases", 0755) == 0, folder);
	memcpy(sorted, m->wanted, sizeof(sorted));
	qsort(sorted, SKETCHED_TENSORS, sizeof(sorted[0]), by_rank);
	for (size_t i = 0; i < names && i < SKETCHED_TENSORS; i++) {
		uint64_t name = tensor_name_key(sorted[i]);
		char path[KEY_MAX];
		key_marker_name(name, path);
		need(mkdir(path, 0755) == 0, path);
		for (size_t k = 0; k < models; k++)
			make_marker(name, k);
	}
}

static void make_kin_markers(const struct sketched_model *m, size_t models)
{
	uint64_t key = kin_key(m->wanted[0]);
	char path[KEY_MAX];

	key_marker_name(key, path);
	need(mkdir(path, 0755) == 0, path);
	for (size_t k = 0; k < models * KIN_MARKERS; k++)
		make_marker(key, k);
}

static void put_base(const struct transfer *t, const struct sketched_model *base)
{
	const struct extent *solos[SKETCHED_TENSORS];
	struct err err = ERR_INIT;

	memcpy(solos, base->wanted, sizeof(solos));
	size_t chosen = base_markers_choose(solos, SKETCHED_TENSORS);
	need(base_markers_put(t, &base->manifest.oid, solos, chosen, &err) > 0, "put");
	kin_markers_sort(solos, SKETCHED_TENSORS);
	need(kin_markers_put(t, &base->manifest.oid, solos, KIN_MARKERS, &err) > 0,
	     "put");
	need(!manifest_put(t->store, &base->manifest, NULL, &err), err.text);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const char *what, const struct transfer *t,
                    const struct sketched_model *m, const struct base_hints *hints)
{
	struct base_search_request request = { hints, m->wanted, SKETCHED_TENSORS };
	double cpu = 1e9, wall = 1e9;
	struct base_search_cost cost = { 0 };
	struct err err = ERR_INIT;

	for (int i = 0; i < ROUNDS; i++) {
		struct base_search *s;
		double c = seconds(CLOCK_PROCESS_CPUTIME_ID),
		       w = seconds(CLOCK_MONOTONIC);
		if (base_search_run(t, &request, &s, &err))
			exit(1);
		c = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
		w = seconds(CLOCK_MONOTONIC) - w;
		cpu = c < cpu ? c : cpu;
		wall = w < wall ? w : wall;
		cost = *base_search_cost(s);
		base_search_free(s);
	}
	printf("%s\"%s\": {\"cpu_seconds\": %.4f, \"seconds\": %.4f, \"listings\": %zu, "
	       "\"manifests\": %zu, \"markers\": %zu}",
	       strcmp(what, "found") ? ", " : "{", what, cpu, wall, cost.listings,
	       cost.manifests, cost.markers);
}

int main(int argc, char **argv)
{
	static const struct store_folder_modes modes = { 0444, 0755 };
	static const struct base_hints none = BASE_HINTS_INIT;
	static struct sketched_model base, tune, renamed, other;
	struct base_hint hint = { .source = BASE_SOURCE_HISTORY };
	const struct base_hints hints = { .list = &hint, .count = 1 };
	struct store *store;
	struct transfer t;
	struct err err = ERR_INIT;

	need(argc == 4, "search_bench FOLDER MODELS NAMES");
	sketched_model_make(&base, &right);
	sketched_model_make(&tune, &tuned);
	sketched_model_make(&renamed, &tuned);
	sketched_model_rename(&renamed);
	sketched_model_make(&other, &stranger);
	make_markers(argv[1], &base, strtoul(argv[2], NULL, 10),
	             strtoul(argv[3], NULL, 10));
	make_kin_markers(&base, strtoul(argv[2], NULL, 10));
	need(!store_folder_open(argv[1], &modes, &store, &err), err.text);
	need(!transfer_init(&t, store, 0, &err), err.text);
	put_base(&t, &base);
	hint.oid = base.manifest.oid;
	measure("found", &t, &tune, &none);
	measure("renamed", &t, &renamed, &none);
	measure("absent", &t, &other, &none);
	measure("hinted", &t, &tune, &hints);
	printf("}\n");
	transfer_wipe(&t);
	store_close(store);
	return 0;
}
