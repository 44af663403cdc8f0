/*
 * How long `git zllm gc` takes on a large store in a folder, and how much memory:
 *
 *     gc_bench FOLDER RECORDS PROGRAM
 *
 * Makes, in the empty folder FOLDER, a store of so many records (a quarter of them solo, the
 * others deltas), of models of a thousand tensors each, in families of ten, with names, shapes
 * and sketches, so that a recompaction has all of them to plan; their manifests and owners;
 * and a tenth of them more that nothing needs. Values of records are one byte, for no run reads
 * them. Then PROGRAM is run as `PROGRAM gc` twice: it moves a tenth, and destroys it. Prints
 * a line for each.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum {
	OF_OBJECT = 1000,
	HEADER = 60000,
	COLUMNS = 64,
	FAMILY = 10,
	SOLO_EACH = 4,
	LINKS_MAX = 60000,
	WASTE = 10
};

static const char repo[] = "0123456789abcdef0123456789abcdef";

static void need(bool truth, const char *what)
{
	if (!truth) {
		perror(what);
		exit(1);
	}
}

static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static struct oid id_of(uint64_t number)
{
	struct oid id;

	for (uint64_t i = 0; i < SHA256_SIZE; i += 8) {
		uint64_t word = mix(number * 8 + i);
		memcpy(id.bytes + i, &word, 8);
	}
	return id;
}

/* Many names of few files: a million files would take longer to make than to collect. */
static void make_file(const char *key)
{
	static char from[KEY_MAX];
	static unsigned links;

	if (links++ % LINKS_MAX && !link(from, key))
		return;
	if (links > 1 && !access(from, F_OK) && !link(from, key))
		return;
	char folder[KEY_MAX];
	strcpy(folder, key);
	for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		mkdir(folder, 0755);
		*slash = '/';
	}
	if (links % LINKS_MAX != 1 && !link(from, key))
		return;
	int fd = open(key, O_WRONLY | O_CREAT | O_EXCL, 0444);
	need(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0, key);
	strcpy(from, key);
	links = 1;
}

static void make_record(uint64_t number)
{
	uint64_t solo = number - number % SOLO_EACH;
	struct oid id = id_of(number), base = id_of(solo);
	char key[KEY_MAX];

	if (number == solo)
		key_blob(&id, key);
	else
		key_delta(&id, &base, key);
	make_file(key);
}

/* What a push knows of a tensor: where its record is, and a sketch that is like no other's,
 * so that nothing is planned anew. */
static void make_finding(uint64_t number, struct extent_finding *f)
{
	struct oid base = id_of(number - number % SOLO_EACH);

	*f = (struct extent_finding){ .base_count = number % SOLO_EACH ? 1 : 0,
		                      .stored = 1 };
	memcpy(f->bases[0], base.bytes, EXTENT_BASE_PREFIX);
	f->sketch.known = true;
	f->sketch.band = (uint8_t)mix(number);
	for (size_t i = 0; i < KEY_SKETCH; i += 8) {
		uint64_t word = mix(number * 16 + i) & 0x80ff80ff80ff80ffu;
		word |= 0x3b003b003b003b00u; /* BF16 near 0.002, either sign */
		memcpy((uint8_t *)f->sketch.values + i, &word, 8);
	}
}

static void make_tensor(uint64_t number, uint64_t family, struct extent *x)
{
	static uint64_t dims[OF_OBJECT][2];
	static char names[OF_OBJECT][48];
	static struct extent_finding findings[OF_OBJECT];
	uint64_t nth = number % OF_OBJECT;

	dims[nth][0] = 1024;
	dims[nth][1] = COLUMNS + family;
	snprintf(names[nth], sizeof(names[nth]), "layers.%d.weight", (int)nth);
	make_finding(number, &findings[nth]);
	*x = (struct extent){ .kind = EXTENT_TENSOR,
		              .dtype = DTYPE_BF16,
		              .size = dims[nth][0] * dims[nth][1] * 2,
		              .name = names[nth],
		              .dims = dims[nth],
		              .dim_count = 2,
		              .finding = &findings[nth],
		              .id = id_of(number) };
	make_record(number);
}

static void make_object(struct store *s, uint64_t first)
{
	static const uint8_t header[HEADER];
	static struct extent list[OF_OBJECT + 1];
	struct manifest m = { .oid = id_of(UINT32_MAX + first),
		              .extents = { .model = MODEL_SAFETENSORS,
		                           .size = HEADER,
		                           .list = list,
		                           .count = OF_OBJECT + 1 },
		              .inline_bytes = header,
		              .inline_size = HEADER };
	char key[KEY_MAX];
	struct err err = ERR_INIT;

	list[0] =
		(struct extent){ .kind = EXTENT_HEADER, .size = HEADER, .inlined = true };
	need(sha256_of(header, HEADER, &list[0].id), "SHA-256");
	list[0].sum = xxh128_of(header, HEADER);
	for (uint64_t i = 0; i < OF_OBJECT; i++) {
		make_tensor(first + i, first / OF_OBJECT / FAMILY, &list[i + 1]);
		list[i + 1].offset = m.extents.size;
		m.extents.size += list[i + 1].size;
	}
	if (manifest_put(s, &m, NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	key_owner(repo, &m.oid, key);
	make_file(key);
}

static void make_store(const char *folder, uint64_t records)
{
	static const struct store_folder_modes modes = { 0444, 0755 };
	static const char format[] =
		"{\"format\":1,\"id\":\"00000000000000000000000000000000\"}";
	struct store *s = NULL;

	need(chdir(folder) == 0, folder);
	need(store_folder_open(".", &modes, &s, NULL) == 0, "opening the store");
	need(store_put_all(s, KEY_STORE_FILE, format, sizeof(format) - 1, NULL) == 0,
	     KEY_STORE_FILE);
	for (uint64_t i = 0; i + OF_OBJECT <= records; i += OF_OBJECT)
		make_object(s, i);
	for (uint64_t i = 0; i < records / WASTE; i++)
		make_record((uint64_t)1 << 40 | i);
	store_close(s);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs it and says what it took. */
static void run(const char *program, const char *what)
{
	struct rusage used;
	double begun = seconds();
	int status;
	pid_t child = fork();

	if (!child) {
		execl(program, program, "gc", "--grace=60s", ".", (char *)NULL);
		_exit(127);
	}
	need(wait4(child, &status, 0, &used) == child && status == 0, program);
	printf("gc %s: %.1f s (%ld s of processors), %ld MiB\n", what, seconds() - begun,
	       (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec),
	       used.ru_maxrss / 1024);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: gc_bench FOLDER RECORDS PROGRAM\n");
		return 2;
	}
	double begun = seconds();
	make_store(argv[1], strtoull(argv[2], NULL, 10));
	printf("made in %.1f s\n", seconds() - begun);
	fflush(stdout);
	sleep(3); /* what was just put is left to its push */
	run(argv[3], "that moves a tenth");
	sleep(65); /* the grace period, and the step limit */
	run(argv[3], "that destroys it");
	return 0;
}
