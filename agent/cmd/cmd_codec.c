/* The codec by hand: no git, no store, files in and files out. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/bundle_read.h"
#include "index/bundle_write.h"
#include "index/survey/local_model.h"
#include "index/survey/model_bench.h"
#include "index/work/file_replace.h"

enum { DTYPE_TEXT_MAX = 16, THREADS_MAX = 256, ROUNDS_MAX = 1000, ROUNDS = 3 };

struct codec_options {
	const char *base, *codec, *dtype, *threads, *rounds;
	bool json;
};

static const struct option_spec specs[] = {
	{ "base", OPTION_VALUE, "FILE", "the model that predicts this one",
	  offsetof(struct codec_options, base) },
	{ "codec", OPTION_VALUE, "NAME", "of every tensor that it can code",
	  offsetof(struct codec_options, codec) },
	{ "dtype", OPTION_VALUE, "DTYPE", "the files are one array of that dtype: bf16",
	  offsetof(struct codec_options, dtype) },
	{ "threads", OPTION_VALUE, "N", "bench: number of threads (default: 1)",
	  offsetof(struct codec_options, threads) },
	{ "rounds", OPTION_VALUE, "N", "bench: number of rounds (default: 3)",
	  offsetof(struct codec_options, rounds) },
	{ "json", OPTION_FLAG, NULL, "bench: print one JSON object",
	  offsetof(struct codec_options, json) },
	{ 0 },
};

/* ---------------------------------------------------------------- files */

/* safetensors writes dtypes in capitals; people need not. */
static int parse_dtype(const char *text, enum dtype *out, struct err *err)
{
	char upper[DTYPE_TEXT_MAX];
	size_t n = strlen(text);

	for (size_t i = 0; i < n && n < sizeof(upper); i++)
		upper[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A')
		                                            : text[i];
	int dtype = n < sizeof(upper) ? dtype_from_name(upper, n) : -1;
	if (dtype < 0)
		return err_set(err, ERR_INPUT, "unknown dtype '%s'; use bf16, f16 or f32",
		               text);
	*out = (enum dtype)dtype;
	return 0;
}

static int open_model(const struct codec_options *o, const char *path,
                      struct local_model *out, struct err *err)
{
	enum dtype dtype = DTYPE_BYTES;

	if (!o->dtype)
		return local_model_open(path, out, err);
	int rc = parse_dtype(o->dtype, &dtype, err);
	return rc ? rc : local_model_open_array(path, dtype, out, err);
}

static int open_base(const struct codec_options *o, struct local_model *out,
                     struct err *err)
{
	return o->base ? open_model(o, o->base, out, err) : 0;
}

/* What is being read must not be what is written. */
static int check_distinct(const char *in, const char *out, struct err *err)
{
	struct stat a, b;

	if (!in || stat(in, &a) || stat(out, &b))
		return 0;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return 0;
	return err_set(err, ERR_INPUT, "%s and %s are the same file", in, out);
}

/* ---------------------------------------------------------------- encode */

static int find_codec(const struct codec_options *o, const struct codec **out,
                      struct err *err)
{
	*out = o->codec ? codec_by_name(o->codec) : NULL;
	if (o->codec && !*out)
		return err_set(err, ERR_INPUT, "unknown codec '%s'", o->codec);
	if (*out && (*out)->needs_base && !o->base)
		return err_set(err, ERR_INPUT,
		               "codec %s needs a base; give it with --base", o->codec);
	return 0;
}

static int encode_into(const struct codec_options *o, const char *in, const char *out,
                       struct err *err)
{
	struct local_model model = LOCAL_MODEL_INIT, base = LOCAL_MODEL_INIT;
	struct file_replace file = FILE_REPLACE_INIT;
	struct bundle_request request = {
		&model, o->base ? &base : NULL, NULL, out, -1, 0
	};
	struct upload_result result;
	int rc = find_codec(o, &request.codec, err);

	if (!rc)
		rc = open_model(o, in, &model, err);
	if (!rc)
		rc = open_base(o, &base, err);
	if (!rc)
		rc = file_replace_begin(out, &file, err);
	if (!rc) {
		request.fd = file.fd;
		rc = bundle_write(&request, &result, err);
	}
	if (!rc)
		rc = file_replace_commit(&file, err);
	file_replace_abort(&file);
	local_model_close(&model);
	local_model_close(&base);
	return rc;
}

/* What only bench takes. */
static int refuse_bench_options(const struct codec_options *o, struct err *err)
{
	if (o->json)
		return err_set(err, ERR_INPUT, "option '--json' is for bench");
	if (o->threads)
		return err_set(err, ERR_INPUT, "option '--threads' is for bench");
	if (o->rounds)
		return err_set(err, ERR_INPUT, "option '--rounds' is for bench");
	return 0;
}

static int run_encode(const struct codec_options *o, char **files, struct err *err)
{
	int rc = check_distinct(files[0], files[1], err);

	if (!rc)
		rc = refuse_bench_options(o, err);
	if (!rc)
		rc = check_distinct(o->base, files[1], err);
	return rc ? rc : encode_into(o, files[0], files[1], err);
}

/* ---------------------------------------------------------------- decode */

static int decode_into(const struct codec_options *o, const char *in, const char *out,
                       struct err *err)
{
	struct local_model base = LOCAL_MODEL_INIT;
	struct file_replace file = FILE_REPLACE_INIT;
	struct bundle_source source = { in, -1, o->base ? &base : NULL, 0 };
	int rc = 0;

	source.fd = open(in, O_RDONLY | O_CLOEXEC);
	if (source.fd < 0)
		rc = err_errno(err, "cannot open %s", in);
	if (!rc)
		rc = open_base(o, &base, err);
	if (!rc)
		rc = file_replace_begin(out, &file, err);
	if (!rc)
		rc = bundle_read(&source, file.fd, err);
	if (!rc)
		rc = file_replace_commit(&file, err);
	file_replace_abort(&file);
	local_model_close(&base);
	if (source.fd >= 0)
		close(source.fd);
	return rc;
}

static int run_decode(const struct codec_options *o, char **files, struct err *err)
{
	int rc = check_distinct(files[0], files[1], err);

	if (!rc && (o->json || o->threads || o->rounds || o->codec || o->dtype))
		rc = err_set(err, ERR_INPUT,
		             "decode takes only --base: the rest is in the bundle");
	if (!rc)
		rc = check_distinct(o->base, files[1], err);
	return rc ? rc : decode_into(o, files[0], files[1], err);
}

/* ---------------------------------------------------------------- bench */

/* Millions of bytes in a second; not a number where there is nothing to tell. */
static double speed(uint64_t bytes, double seconds)
{
	return bytes && seconds > 0 ? (double)bytes / seconds / 1e6 : NAN;
}

static const char *speed_text(double mbs, char text[SIZE_TEXT])
{
	if (isnan(mbs))
		snprintf(text, SIZE_TEXT, "-");
	else
		snprintf(text, SIZE_TEXT, "%.0f", mbs);
	return text;
}

static double percent(const struct bench_sum *s)
{
	return s->raw ? 100.0 * (double)s->stored / (double)s->raw : NAN;
}

static const char *slot_name(unsigned slot)
{
	return slot == BENCH_BEST ? "best" : codec_by_id(slot)->name;
}

static const char *group_name(unsigned dtype)
{
	return dtype == DTYPE_COUNT ? "all" : dtype_name(dtype);
}

static struct json *sum_json(const struct bench_sum *s, unsigned dtype, unsigned slot)
{
	struct json *j = json_object();

	json_put_str(j, "dtype", group_name(dtype));
	json_put_str(j, "codec", slot_name(slot));
	json_put_u64(j, "tensors", s->tensors);
	json_put_u64(j, "raw", s->raw);
	json_put_u64(j, "stored", s->stored);
	json_put_real(j, "percent", percent(s));
	json_put_real(j, "encode_mbs", speed(s->raw, s->encode));
	json_put_real(j, "encode_alone_mbs", speed(s->alone_raw, s->alone));
	json_put_real(j, "decode_mbs", speed(s->raw, s->decode));
	return j;
}

/* A number from 1 to `most`, for option `name`; `out` stays where there is no text. */
static int parse_count(const char *name, const char *text, unsigned most, unsigned *out,
                       struct err *err)
{
	char *end = NULL;
	unsigned long n = text ? strtoul(text, &end, 10) : *out;

	if (text && (*text < '0' || *text > '9' || *end || n < 1 || n > most))
		return err_set(err, ERR_INPUT, "%s wants a number from 1 to %u", name,
		               most);
	*out = (unsigned)n;
	return 0;
}

static int parse_bench(const struct codec_options *o, struct bench_task *task,
                       struct err *err)
{
	int rc = find_codec(o, &task->only, err);

	if (!rc)
		rc = parse_count("--threads", o->threads, THREADS_MAX, &task->threads,
		                 err);
	return rc ? rc
	          : parse_count("--rounds", o->rounds, ROUNDS_MAX, &task->rounds, err);
}

static int print_json(const struct model_bench *b, const struct codec_options *o,
                      const char *file, unsigned threads, struct err *err)
{
	struct json *j = json_object(), *rows = json_array();

	json_put_str(j, "file", file);
	json_put_str(j, "base", o->base);
	json_put_u64(j, "threads", threads);
	for (unsigned dtype = 0; dtype <= DTYPE_COUNT; dtype++)
		for (unsigned slot = 0; slot < BENCH_SLOTS; slot++)
			if (b->sums[dtype][slot].tensors)
				json_add(rows,
				         sum_json(&b->sums[dtype][slot], dtype, slot));
	json_put(j, "results", rows);
	return report_json(j, err);
}

static void print_sum(const struct bench_sum *s, unsigned dtype, unsigned slot)
{
	char raw[SIZE_TEXT], stored[SIZE_TEXT], speeds[3][SIZE_TEXT];

	size_format(s->raw, raw);
	size_format(s->stored, stored);
	report_line("%-11s %-8s %7zu %10s %10s %8.2f %% %8s %8s %8s", group_name(dtype),
	            slot_name(slot), s->tensors, raw, stored, percent(s),
	            speed_text(speed(s->raw, s->encode), speeds[0]),
	            speed_text(speed(s->alone_raw, s->alone), speeds[1]),
	            speed_text(speed(s->raw, s->decode), speeds[2]));
}

static void print_table(const struct model_bench *b, unsigned threads)
{
	unsigned groups = 0; /* `all` says something new when there are several */

	report_line("%-11s %-8s %7s %10s %10s %10s %8s %8s %8s", "DTYPE", "CODEC",
	            "TENSORS", "RAW", "STORED", "PART", "ENCODE", "(ALONE)", "DECODE");
	for (unsigned dtype = 0; dtype < DTYPE_COUNT; dtype++)
		groups += b->sums[dtype][BENCH_BEST].tensors > 0;
	for (unsigned dtype = 0; dtype <= DTYPE_COUNT; dtype++)
		for (unsigned slot = 0; slot < BENCH_SLOTS; slot++)
			if ((dtype < DTYPE_COUNT || groups > 1) &&
			    b->sums[dtype][slot].tensors)
				print_sum(&b->sums[dtype][slot], dtype, slot);
	report_line("%s", "");
	report_line("Speeds are MB/s on %u thread%s; ALONE is encoding without the "
	            "proving decode.",
	            threads, threads > 1 ? "s" : "");
}

static int run_bench(const struct codec_options *o, char **files, struct err *err)
{
	struct local_model model = LOCAL_MODEL_INIT, base = LOCAL_MODEL_INIT;
	struct model_bench *bench = calloc(1, sizeof(*bench));
	struct bench_task task = { &model, o->base ? &base : NULL, NULL, 1, ROUNDS };
	int rc = bench ? 0 : err_nomem(err, "measuring");

	if (!rc)
		rc = parse_bench(o, &task, err);
	if (!rc)
		rc = open_model(o, files[0], &model, err);
	if (!rc)
		rc = open_base(o, &base, err);
	if (!rc)
		rc = model_bench_run(&task, bench, err);
	if (!rc && !bench->sums[DTYPE_COUNT][BENCH_BEST].tensors)
		rc = err_set(err, ERR_INPUT,
		             "%s holds no tensors that are measured; for a plain array "
		             "say --dtype",
		             files[0]);
	if (!rc && o->json)
		rc = print_json(bench, o, files[0], task.threads, err);
	else if (!rc)
		print_table(bench, task.threads);
	local_model_close(&model);
	local_model_close(&base);
	free(bench);
	return rc;
}

/* ---------------------------------------------------------------- the command */

static const struct {
	const char *name;
	int files;
	const char *arguments;
	int (*run)(const struct codec_options *o, char **files, struct err *err);
} parts[] = {
	{ "encode", 2, "FILE OUT", run_encode },
	{ "decode", 2, "OUT FILE", run_decode },
	{ "bench", 1, "FILE", run_bench },
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static int run_part(const struct codec_options *o, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < PARTS && argc; i++) {
		if (strcmp(parts[i].name, argv[0]) != 0)
			continue;
		if (argc != 1 + parts[i].files)
			return err_set(err, ERR_INPUT, "usage: git zllm codec %s %s",
			               parts[i].name, parts[i].arguments);
		return parts[i].run(o, argv + 1, err);
	}
	return err_set(err, ERR_INPUT,
	               "codec wants 'encode', 'decode' or 'bench'; see 'git zllm help "
	               "codec'");
}

static int run(int argc, char **argv)
{
	struct codec_options options = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc)
		rc = run_part(&options, argc, argv, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_codec = {
	.name = "codec",
	.arguments = "encode|decode|bench [<option>...] <file>...",
	.summary = "the codec by hand: encode, decode and measure files",
	.details =
		"codec encode [--base FILE] [--codec NAME] [--dtype DTYPE] FILE OUT\n"
		"  writes FILE, coded, to OUT: a bundle (docs/format-bundle.md). Where "
		"a\n"
		"  base is given, what it holds is left out and tensors of the same "
		"name\n"
		"  are coded against it; decoding then needs the same file. Without\n"
		"  --codec each tensor gets what is smallest on samples.\n"
		"codec decode [--base FILE] OUT FILE\n"
		"  gives FILE back and proves it by its SHA-256.\n"
		"codec bench [--base FILE] [--codec NAME] [--dtype DTYPE] [--threads N]\n"
		"            [--rounds N] [--json] FILE\n"
		"  codes every tensor by every codec, or by one, in memory, and says what "
		"it\n"
		"  takes and how fast it is on one thread, or on N that share the frames. Time\n"
		"  is a thread's own, that of the longest where there are several.\n"
		"FILE is a model (safetensors, NumPy's .npy or .npz), with --dtype a plain "
		"array;\n"
		"encode takes any file.\n",
	.options = specs,
	.run = run,
};
