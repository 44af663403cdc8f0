/*
 * The input is handed over as an unnamed file in memory, not as a pipe: it is
 * small (revisions, object names), and then only one pipe is left to serve, no
 * thread or poll loop is needed, and a child that reads nothing costs no SIGPIPE.
 * What goes to standard error, which is short, is taken by such a file too.
 */
#include "agent/git/git_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/git/git_spawn.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { READ_STEP = 65536 };

static int input_file(const struct buf *input, int *out, struct err *err)
{
	size_t size = input ? input->size : 0;
	int fd = memfd_create("git-zllm input", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot make a file in memory");
	const uint8_t *at = input ? input->data : NULL;
	while (size) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_errno(err, "cannot write to a file in memory");
			close(fd);
			return ERR_IO;
		}
		at += n;
		size -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		err_errno(err, "cannot rewind a file in memory");
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return 0;
}

static int take_output(int fd, struct buf *out, struct err *err)
{
	for (;;) {
		if (!buf_reserve(out, READ_STEP))
			return err_nomem(err, "what git prints");
		ssize_t n = read(fd, out->data + out->size, READ_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot read what git prints");
		if (n == 0)
			return 0;
		out->size += (size_t)n;
	}
}

/* What a child left in a file in memory. */
static int take_errors(int fd, struct buf *out, struct err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot rewind a file in memory");
	return take_output(fd, out, err);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

int git_run(const char *const *argv, const struct git_run_io *io, int *status,
            struct err *err)
{
	static const struct git_run_io nothing = { 0 };
	int in = -1, errors = -1, ends[2] = { -1, -1 };
	pid_t pid;

	io = io ? io : &nothing;
	int rc = input_file(io->input, &in, err);
	if (!rc && io->errors)
		rc = input_file(NULL, &errors, err);
	if (rc)
		goto out;
	if (io->output && pipe2(ends, O_CLOEXEC) < 0) {
		rc = err_errno(err, "cannot make a pipe");
		goto out;
	}
	rc = git_spawn(
		argv,
		&(struct git_spawn){
			.in = in, .out = ends[1], .errors = errors, .quiet = io->quiet },
		&pid, err);
	if (rc)
		goto out;
	close_fd(ends[1]);
	ends[1] = -1;
	if (io->output)
		rc = take_output(ends[0], io->output, err);
	close_fd(ends[0]); /* after a failure the child must not wait for us */
	ends[0] = -1;
	int waited = git_spawn_await(pid, argv[0], status, rc ? NULL : err);
	rc = rc ? rc : waited;
	if (!rc && io->errors)
		rc = take_errors(errors, io->errors, err);
out:
	close_fd(ends[1]);
	close_fd(ends[0]);
	close_fd(errors);
	close_fd(in);
	return rc;
}
