#include "agent/cmd/model_patterns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/work/file_range.h"

/* New ones go to the end: each line stays where everybody's init wrote it. */
static const char *const patterns[] = {
	/* what hubs begin a repository with */
	"*.7z",
	"*.arrow",
	"*.bin",
	"*.bz2",
	"*.ckpt",
	"*.ftz",
	"*.gz",
	"*.h5",
	"*.joblib",
	"*.lfs.*",
	"*.mlmodel",
	"*.model",
	"*.msgpack",
	"*.npy",
	"*.npz",
	"*.onnx",
	"*.ot",
	"*.parquet",
	"*.pb",
	"*.pickle",
	"*.pkl",
	"*.pt",
	"*.pth",
	"*.rar",
	"*.safetensors",
	"saved_model/**/*",
	"*.tar.*",
	"*.tar",
	"*.tflite",
	"*.tgz",
	"*.wasm",
	"*.xz",
	"*.zip",
	"*.zst",
	"*tfevents*",
	/* llama.cpp */
	"*.gguf",
	"*.ggml",
	"*.llamafile",
	/* ONNX's external data, TensorFlow's checkpoints */
	"*.onnx_data",
	"*.onnx_data_*",
	"*.data",
	"*.data-[0-9]*-of-[0-9]*",
	/* PyTorch and what stands on it, Keras */
	"*.distcp",
	"*.jit",
	"*.torchscript",
	"*.pte",
	"*.pt2",
	"*.nemo",
	"*.keras",
	"*.hdf5",
	"*.t7",
	/* engines and others: TensorRT, Paddle, Caffe, MXNet, OpenVINO's is *.bin */
	"*.engine",
	"*.plan",
	"*.trt",
	"*.pdparams",
	"*.pdopt",
	"*.pdiparams",
	"*.caffemodel",
	"*.params",
	"*.wparam",
};

enum {
	PATTERN_COUNT = sizeof(patterns) / sizeof(patterns[0]),
	ATTRIBUTES_MAX = 1 << 20 /* bytes: a longer file was not written by hand */
};

/* Whether a line of `text` says for `pattern` which filter it has: by "filter", or by a
 * macro that is called after git-lfs. Ours for the diff driver says nothing of it. */
static bool is_mentioned(const char *text, const char *pattern)
{
	size_t n = strlen(pattern);

	while (*text) {
		const char *word = text + strspn(text, " \t");
		const char *end = text + strcspn(text, "\n");
		if (strncmp(word, pattern, n) == 0 &&
		    (word[n] == ' ' || word[n] == '\t') &&
		    (memmem(word + n, (size_t)(end - word) - n, "filter", 6) ||
		     memmem(word + n, (size_t)(end - word) - n, "lfs", 3)))
			return true;
		text = end + (*end == '\n');
	}
	return false;
}

/* The file, made where it is missing, and its bytes. */
static int open_attributes(const char *worktree, int *out, struct buf *text,
                           struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc = 0;

	buf_addf(&path, "%s/.gitattributes", worktree);
	int fd = open(buf_text(&path),
	              O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0 && errno == ELOOP)
		rc = err_set(err, ERR_CONFIG,
		             "%s is a symbolic link, which git does not follow: put a "
		             "file in its place",
		             buf_text(&path));
	else if (fd < 0 || fstat(fd, &st))
		rc = err_errno(err, "cannot open %s", buf_text(&path));
	else if (!S_ISREG(st.st_mode) || st.st_size > ATTRIBUTES_MAX)
		rc = err_set(err, ERR_CONFIG,
		             "%s is not a file that lines can be added to; name the "
		             "patterns",
		             buf_text(&path));
	else if (!buf_reserve(text, (size_t)st.st_size + 1))
		rc = err_nomem(err, ".gitattributes");
	else if (st.st_size)
		rc = file_range_read(fd, 0, text->data, (size_t)st.st_size, err);
	if (!rc)
		text->size = (size_t)st.st_size;
	buf_wipe(&path);
	if (rc && fd >= 0)
		close(fd);
	else
		*out = fd;
	return rc;
}

static int append(int fd, const struct buf *lines, struct err *err)
{
	if (lines->failed)
		return err_nomem(err, ".gitattributes");
	if (lines->size && write(fd, lines->data, lines->size) != (ssize_t)lines->size)
		return err_errno(err, "cannot write .gitattributes");
	return 0;
}

/* git-lfs knows the lines; it is to touch the files that they fit. */
static int touch_files(const char *worktree, const char *const *added, struct err *err)
{
	const char *argv[PATTERN_COUNT + 8] = { "git", "-C",    worktree,
		                                "lfs", "track", "--no-modify-attrs",
		                                "--" };
	struct buf ignored = BUF_INIT;
	size_t n = 7;
	int status;

	while (*added)
		argv[n++] = *added++;
	int rc = git_run(argv, &(struct git_run_io){ .output = &ignored }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG,
		             "'git lfs track' failed; is git-lfs installed?");
	buf_wipe(&ignored);
	return rc;
}

int model_patterns_track(const char *worktree, struct err *err)
{
	const char *added[PATTERN_COUNT + 1];
	struct buf text = BUF_INIT, lines = BUF_INIT;
	size_t n = 0;
	int fd = -1;

	int rc = open_attributes(worktree, &fd, &text, err);
	if (!rc && text.size && text.data[text.size - 1] != '\n')
		buf_add_u8(&lines, '\n');
	for (size_t i = 0; !rc && i < PATTERN_COUNT; i++) {
		if (is_mentioned(buf_text(&text), patterns[i]))
			continue;
		buf_addf(&lines, "%s filter=lfs diff=lfs merge=lfs -text\n", patterns[i]);
		added[n++] = patterns[i];
	}
	added[n] = NULL;
	if (!rc && n)
		rc = append(fd, &lines, err);
	if (!rc && n)
		rc = touch_files(worktree, added, err);
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(err, "cannot write .gitattributes");
	buf_wipe(&text);
	buf_wipe(&lines);
	return rc;
}
