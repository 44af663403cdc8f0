/*
 * Every command fails and dies at every point (points.h), and loses nothing:
 *
 *     points [-e STEP] [-n MOST] [-l LATER] [-s SCENE] [-w WAY] folder | s3://BUCKET/PREFIX
 *
 * -e: only each STEP-th point, another first one for each way. -n: at most so many of a way.
 * -l: time passes after each LATER-th point that is tried, and it is looked whether all comes
 * to its end. Prints TAP, with how many points there were.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/store/store.h"
#include "tests/points/points.h"
#include "tests/unit/store_faulty.h"

enum { FIRST_POINTS = 7 }; /* by so much the first points of two ways differ */

struct points {
	struct place place;
	const struct scene *scene;
	void *world;
	enum way way;
	uint64_t nth, step, later, most;
	uint64_t done; /* points of all ways */
	struct told *told;
	const char *only_scene, *only_way;
	unsigned tests, failed;
	uint64_t hit;
};

static const struct scene *const scenes[] = { &scene_push,      &scene_gc,
	                                      &scene_recompact, &scene_prune,
	                                      &scene_undelete,  &scene_repair };

static const struct {
	const char *name;
	enum store_fault fault; /* of the store's calls; FAULT_NONE: of the process's */
	bool kills;
	enum { ANYWHERE, FOLDER, BUCKET } where;
} ways[WAYS] = {
	[WAY_FAILS] = { "a call fails", FAULT_FAIL, false, ANYWHERE },
	[WAY_UNANSWERED] = { "an answer is lost", FAULT_LOSE_REPLY, false, ANYWHERE },
	[WAY_BEFORE] = { "killed before a call", FAULT_KILL, true, ANYWHERE },
	[WAY_AFTER] = { "killed after a call", FAULT_KILL_AFTER, true, ANYWHERE },
	[WAY_SYSTEM] = { "killed before a system call", FAULT_NONE, true, FOLDER },
	[WAY_FULL] = { "the disk is full from here on", FAULT_NONE, false, FOLDER },
	[WAY_FULL_ONCE] = { "the disk is full once", FAULT_NONE, false, FOLDER },
	[WAY_SENT] = { "killed when a piece was sent", FAULT_NONE, true, BUCKET },
	[WAY_COME] = { "killed when an answer has come", FAULT_NONE, true, BUCKET },
};

/* ---------------------------------------------------------------- processes */

/* A test in a process of its own, whose words go to a file: how it ended. */
static int in_child(struct points *p, CMUnitTestFunction what)
{
	char log[PLACE_MAX + 8];
	int status;

	snprintf(log, sizeof(log), "%s/log", p->place.top);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		const struct CMUnitTest test[] = { { "point", what, NULL, NULL, p } };
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(2);
		int failed = cmocka_run_group_tests(test, NULL, NULL);
		fflush(NULL);
		_exit(failed != 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("points");
		exit(2);
	}
	return status;
}

static void show_log(const struct points *p)
{
	char log[PLACE_MAX + 8], line[1024];

	snprintf(log, sizeof(log), "%s/log", p->place.top);
	FILE *f = fopen(log, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

static void make_start(void **state)
{
	struct points *p = *state;
	struct store *s = place_make_start(&p->place);

	p->scene->make(p->world, s);
	store_close(s);
}

/* ---------------------------------------------------------------- a point */

/* The command, which is hit at the nth point. */
static void do_hit(void **state)
{
	struct points *p = *state;
	struct told *told = p->told;
	enum store_fault fault = ways[p->way].fault;
	struct store_fault_plan plan = { fault, p->nth };
	struct err err = ERR_INIT;
	struct store *faulty;

	place_fill(&p->place);
	struct store *s = place_open(&p->place);
	assert_int_equal(store_faulty_new(s, plan, 0, &faulty, NULL), 0);
	hits_begin(p->way, fault == FAULT_NONE ? p->nth : 0);
	int rc = p->scene->act(p->world, faulty, told, &err);
	uint64_t calls = hits_end();
	told->calls = fault == FAULT_NONE ? calls : store_faulty_calls(faulty);
	told->rc = rc;
	snprintf(told->text, sizeof(told->text), "%s", err.text);
	told->ended = true;
	store_close(faulty);
}

/* What is there then; the command again; and what is there in the end. */
static void look_and_go_on(void **state)
{
	struct points *p = *state;
	struct told again = { .again = true };
	struct err err = ERR_INIT;
	struct store *s = place_open(&p->place);

	p->scene->look(p->world, s, p->told);
	if (p->scene->act(p->world, s, &again, &err))
		fail_msg("done again it does not complete: %s", err.text);
	again.complete |= p->told->complete;
	p->scene->look(p->world, s, &again);
	if (p->done % p->later == 0)
		p->scene->settle(p->world, s);
	store_close(s);
}

/* Whether the process ended as it was to; *hit: there was such a point. */
static bool ended_well(struct points *p, int status, bool *hit)
{
	const struct told *told = p->told;

	*hit = !told->ended || told->calls >= p->nth;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && ways[p->way].kills)
		return true;
	if (!WIFEXITED(status) || WEXITSTATUS(status) || !told->ended) {
		printf("# the command ended with status %d\n", status);
		return false;
	}
	if (told->rc && !told->text[0]) {
		printf("# the command failed without a word\n");
		return false;
	}
	if (told->rc && (p->way == WAY_FULL || p->way == WAY_FULL_ONCE) &&
	    !strstr(told->text, "No space left on device; free some space")) {
		printf("# the command does not say that the disk is full\n");
		return false;
	}
	return true;
}

/* True when it was hit and nothing is wrong. */
static bool do_point(struct points *p, bool *hit)
{
	memset(p->told, 0, sizeof(*p->told));
	place_next(&p->place);
	int status = in_child(p, do_hit);
	if (!ended_well(p, status, hit) || in_child(p, look_and_go_on)) {
		printf("# point %llu: %s%s\n", (unsigned long long)p->nth,
		       p->told->ended ? "the command said: " : "",
		       p->told->rc ? p->told->text : "");
		show_log(p);
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- all points */

static void do_way(struct points *p)
{
	bool hit = true, well = true;
	uint64_t points = 0;

	p->nth = 1 + p->tests * FIRST_POINTS % p->step;
	for (; hit && well && points < p->most; p->nth += p->step) {
		well = do_point(p, &hit);
		points += hit;
		p->done++;
	}
	p->hit += points;
	p->tests++;
	p->failed += !well;
	printf("%s %u - %s, %s: %llu points\n", well ? "ok" : "not ok", p->tests,
	       p->scene->name, ways[p->way].name, (unsigned long long)points);
	fflush(stdout);
}

static void do_scene(struct points *p, const struct scene *scene)
{
	p->scene = scene;
	p->world = calloc(1, scene->world_size + 1);
	if (scene->make_files)
		scene->make_files(p->world);
	if (in_child(p, make_start)) {
		show_log(p);
		printf("not ok %u - %s: its store\n", ++p->tests, scene->name);
		p->failed++;
	} else {
		for (p->way = 0; p->way < WAYS; p->way++)
			if (ways[p->way].where != (p->place.bucket ? FOLDER : BUCKET) &&
			    (!p->only_way || strstr(ways[p->way].name, p->only_way)))
				do_way(p);
	}
	place_drop_start(&p->place);
	if (scene->drop_files)
		scene->drop_files(p->world);
	free(p->world);
}

static const char *parse(struct points *p, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "e:n:l:s:w:")) != -1) {
		switch (option) {
		case 'e':
			p->step = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			p->most = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			p->later = strtoull(optarg, NULL, 10);
			break;
		case 's':
			p->only_scene = optarg;
			break;
		case 'w':
			p->only_way = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || !p->step || !p->later || !p->most) {
		fprintf(stderr,
		        "usage: points [-e STEP] [-n MOST] [-l LATER] [-s SCENE] [-w WAY] "
		        "folder | s3://BUCKET/PREFIX\n");
		exit(2);
	}
	return argv[optind];
}

int main(int argc, char **argv)
{
	struct points p = { .step = 1, .later = 1, .most = UINT64_MAX };
	const char *where = parse(&p, argc, argv);

	p.told = mmap(NULL, sizeof(*p.told), PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.told == MAP_FAILED) {
		perror("points");
		return 2;
	}
	place_begin(&p.place, strcmp(where, "folder") == 0 ? NULL : where);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (!p.only_scene || strcmp(p.only_scene, scenes[i]->name) == 0)
			do_scene(&p, scenes[i]);
	place_end(&p.place);
	printf("# %llu points in all\n1..%u\n", (unsigned long long)p.hit, p.tests);
	return p.failed != 0;
}
