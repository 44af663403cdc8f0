/*
 * Everything at once on one store, in processes of their own, which die when they will:
 *
 *     push    an object; when it is `complete`, in time, a ref reaches it
 *     drop    a ref goes
 *     clone   an object that a ref reaches: it comes back, bit for bit
 *     copy    the store into another, whose objects then come back
 *     gc      all layers, recompaction too
 *     prune   the owners' layer, by the refs as they are when it looks
 *     undo    what lies in trash of the owners comes back
 *     fsck    every object is read and proved
 *
 *     chaos [-r ROUNDS] [-g GRACE] [-s SEED] STORE
 *
 * STORE is a folder that does not exist yet, or s3://... A third of the processes are
 * killed; in a tenth of the rounds calls of the store fail, too. What must hold: as long as
 * a ref reaches an object it can be restored, at every moment; and after two runs at rest
 * live records decode all that is needed, with one delta at most.
 */
#include "tests/chaos/chaos.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/git/lfs_config.h"
#include "index/store/store.h"

/* ---------------------------------------------------------------- processes */

/* A third of all dies after a while, wherever it is: nothing handles that signal. */
static void threaten(uint64_t *random)
{
	struct itimerval when = { .it_value = { .tv_usec = 1000 } };

	if (below(random, 3))
		return;
	when.it_value.tv_usec += 1000 * (long)below(random, KILL_MAX_MS);
	setitimer(ITIMER_REAL, &when, NULL);
}

static void start(struct chaos *c, bool faulty)
{
	uint64_t seed = next_random(&c->random);
	pid_t pid = fork();

	if (pid < 0)
		die("fork", NULL);
	if (pid)
		return;
	struct actor a;
	threaten(&seed);
	actor_begin(&a, c, seed, faulty);
	int answer = act(&a, faulty);
	actor_end(&a);
	_exit(answer);
}

/* Waits for one; LOST when it found a loss. */
static int reap(struct chaos *c, int *left)
{
	int status;
	pid_t pid = wait(&status);

	if (pid < 0)
		die("wait", NULL);
	--*left;
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) != SIGALRM) {
			say("a process died of signal %d", WTERMSIG(status));
			return LOST;
		}
		atomic_fetch_add(&c->shared->killed, 1);
		return FINE;
	}
	return WEXITSTATUS(status) == LOST ? LOST : FINE;
}

static int run_round(struct chaos *c, int round)
{
	bool faulty = round % 10 == 9;
	int left = 0, answer = FINE;

	for (int n = 0; n < PER_ROUND && answer == FINE; n++) {
		start(c, faulty && below(&c->random, 2));
		left++;
		while (left >= AT_ONCE && answer == FINE)
			answer = reap(c, &left);
	}
	while (left > 0) {
		int one = reap(c, &left);
		answer = answer == FINE ? one : answer;
	}
	return answer;
}

/* ---------------------------------------------------------------- at rest */

/* Two runs with nobody beside them, then all that is needed decodes from live records. */
static int rest(struct chaos *c)
{
	struct actor a;
	struct gc_summary summary = { .missed = 0 };
	struct err err = ERR_INIT;
	int answer;

	actor_begin(&a, c, 1, false);
	for (int run = 0; run < 3; run++)
		if (collect(&a, &summary, &err))
			die("a gc at rest", &err);
	if (summary.missed || summary.blind.code) {
		say("LOST: %zu blobs are not live after two runs at rest%s%s",
		    summary.missed, summary.blind.code ? ": " : "", summary.blind.text);
		actor_end(&a);
		return LOST;
	}
	answer = check_all(&a, false);
	actor_end(&a);
	return answer;
}

static void sum_up(const struct chaos *c, int rounds)
{
	const struct shared *s = c->shared;

	printf("%d rounds: %u pushes, %u clones, %u mirrors, %u gcs, %u prunes, %u undone, "
	       "%u checks; %u killed, %u with faults; %u moved, %u restored, %u destroyed, "
	       "%u owners expired, %u records coded anew\n",
	       rounds, s->pushes, s->clones, s->copies, s->gcs, s->prunes, s->undos,
	       s->fscks, s->killed, s->faults, s->moved, s->restored, s->destroyed,
	       s->expired, s->recoded);
}

static void make_files(struct chaos *c)
{
	static const float steps[KIN] = { 0, 1e-5f, 1e-4f, 5e-4f };

	for (int i = 0; i < OBJECTS; i++) {
		c->files[i] = model_file_make((uint64_t)(i / KIN) + 10, steps[i % KIN],
		                              i % KIN == 3 ? "model." : "");
	}
}

static void parse(struct chaos *c, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:g:s:")) != -1) {
		switch (option) {
		case 'r':
			c->rounds = atoi(optarg);
			break;
		case 'g':
			c->grace = atoi(optarg);
			break;
		case 's':
			c->random = strtoull(optarg, NULL, 10);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc) {
		say("usage: chaos [-r ROUNDS] [-g GRACE] [-s SEED] STORE");
		exit(2);
	}
	c->url = argv[optind];
}

int main(int argc, char **argv)
{
	struct chaos c = { .rounds = 10, .grace = 3, .random = 1 };
	int answer = FINE, round = 0;

	parse(&c, argc, argv);
	c.shared = mmap(NULL, sizeof(*c.shared), PROT_READ | PROT_WRITE,
	                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c.shared == MAP_FAILED)
		die("shared memory", NULL);
	make_files(&c);
	struct actor maker = { .chaos = &c };
	open_store(&maker, true);
	store_close(maker.store);
	store_url_wipe(&maker.url);
	lfs_config_free(maker.config);

	for (; round < c.rounds && answer == FINE; round++) {
		answer = run_round(&c, round);
		if (answer == FINE && round % 25 == 24)
			answer = rest(&c);
	}
	if (answer == FINE)
		answer = rest(&c);
	sum_up(&c, round);
	for (int i = 0; i < OBJECTS; i++)
		model_file_remove(&c.files[i]);
	return answer;
}
