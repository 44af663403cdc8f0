/* Files into bundles and back, and bundles that are not what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/dtype.h"
#include "index/bundle_read.h"
#include "index/bundle_write.h"
#include "index/survey/local_model.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/model_file.h"

enum { THREADS = 2, MODEL = -1 }; /* no dtype: the file says what it is */

static void open_local(const struct model_file *f, int dtype, struct local_model *out)
{
	struct err err = ERR_INIT;
	int rc = dtype == MODEL
	                 ? local_model_open(f->path, out, &err)
	                 : local_model_open_array(f->path, (enum dtype)dtype, out, &err);

	if (rc)
		fail_msg("%s", err.text);
}

/* The bundle of `f` in memory; *result says what was stored. */
static int encode_on(unsigned threads, const struct model_file *f,
                     const struct model_file *base, int dtype, const char *codec,
                     struct upload_result *result)
{
	struct local_model model, base_model = LOCAL_MODEL_INIT;
	struct err err = ERR_INIT;

	open_local(f, dtype, &model);
	if (base)
		open_local(base, dtype, &base_model);
	struct bundle_request request = {
		.model = &model,
		.base = base ? &base_model : NULL,
		.codec = codec ? codec_by_name(codec) : NULL,
		.name = "bundle",
		.fd = memory_file_of("", 0),
		.threads = threads,
	};
	assert_true(!codec || request.codec);
	if (bundle_write(&request, result, &err))
		fail_msg("%s", err.text);
	local_model_close(&model);
	local_model_close(&base_model);
	return request.fd;
}

static int encode(const struct model_file *f, const struct model_file *base, int dtype,
                  const char *codec, struct upload_result *result)
{
	return encode_on(THREADS, f, base, dtype, codec, result);
}

/* Decodes the bundle `fd`; what came out is appended to `out`. */
static int decode(int fd, const struct model_file *base, struct buf *out, struct err *err)
{
	struct local_model base_model = LOCAL_MODEL_INIT;
	int out_fd = memory_file_of("", 0);

	if (base)
		open_local(base, MODEL, &base_model);
	struct bundle_source source = { "bundle", fd, base ? &base_model : NULL,
		                        THREADS };
	int rc = bundle_read(&source, out_fd, err);
	if (!rc)
		memory_file_read(out_fd, out);
	close(out_fd);
	local_model_close(&base_model);
	return rc;
}

static bool same_bytes(const struct buf *out, const struct model_file *f)
{
	return out->size == f->size &&
	       (!f->size || memcmp(out->data, f->bytes.data, f->size) == 0);
}

static bool round_trips(const struct model_file *f, const struct model_file *base,
                        int dtype, const char *codec)
{
	struct upload_result result;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = encode(f, base, dtype, codec, &result);
	bool same = !decode(fd, base, &out, &err) && same_bytes(&out, f);

	if (!same)
		print_message("codec %s, dtype %d: %s\n", codec ? codec : "(tried)",
		              dtype, err.text);
	buf_wipe(&out);
	close(fd);
	return same;
}

static struct model_file noise_file(size_t n, uint64_t seed)
{
	struct buf bytes = BUF_INIT;

	while (bytes.size < n)
		buf_add_u64(&bytes, next_random(&seed));
	struct model_file f = model_file_of(bytes.data, n);
	buf_wipe(&bytes);
	return f;
}

static struct model_file part_of(const struct model_file *f, size_t n)
{
	return model_file_of(f->bytes.data, n);
}

/* ---------------------------------------------------------------- what works */

static void any_file_comes_back_byte_for_byte(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 65535, 65537, 1048575, 3000001 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct model_file f = noise_file(sizes[i], i);
		assert_true(round_trips(&f, NULL, MODEL, NULL));
		model_file_remove(&f);
	}
}

static void models_come_back_under_every_codec(void **state)
{
	struct model_file base = model_file_make(2, 0, "");
	struct model_file tune = model_file_make(2, 1e-5f, "");

	(void)state;
	for (unsigned id = 0; id < 16; id++) {
		const struct codec *codec = codec_by_id(id);
		if (!codec)
			continue;
		assert_true(round_trips(&tune, &base, MODEL, codec->name));
		if (!codec->needs_base)
			assert_true(round_trips(&tune, NULL, MODEL, codec->name));
	}
	assert_true(round_trips(&tune, &base, MODEL, NULL));
	assert_true(round_trips(&tune, NULL, MODEL, NULL));
	model_file_remove(&base);
	model_file_remove(&tune);
}

/* Odd lengths, too: the last value is then cut. */
static void arrays_of_any_dtype_and_length_come_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 65535, 65536, 100001, 600003 };
	struct model_file model = noise_file(600003, 9);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct model_file f = part_of(&model, lengths[i]);
		for (int dtype = 0; dtype < DTYPE_COUNT; dtype++)
			assert_true(round_trips(&f, NULL, dtype, NULL));
		model_file_remove(&f);
	}
	model_file_remove(&model);
}

static void an_array_is_predicted_by_a_shorter_or_longer_one(void **state)
{
	struct model_file base = model_file_make(4, 0, "");
	struct model_file tune = model_file_make(4, 1e-5f, "");
	struct model_file half = part_of(&base, base.size / 2 + 1);
	struct upload_result whole, part;

	(void)state;
	close(encode(&tune, &base, DTYPE_BF16, "bitx", &whole));
	close(encode(&tune, &half, DTYPE_BF16, "bitx", &part));
	assert_int_equal(whole.deltas, 1);
	assert_int_equal(part.deltas, 1);
	assert_true(whole.stored < part.stored && part.stored < tune.size);
	assert_true(round_trips(&tune, &half, DTYPE_BF16, "bitx"));
	assert_true(round_trips(&half, &tune, DTYPE_BF16, "bitx"));
	model_file_remove(&base);
	model_file_remove(&tune);
	model_file_remove(&half);
}

static void what_the_base_holds_is_left_out(void **state)
{
	struct model_file base = model_file_make(5, 0, "");
	struct model_file renamed = model_file_make(5, 0, "other.");
	struct upload_result result;

	(void)state;
	close(encode(&base, &base, MODEL, NULL, &result));
	assert_int_equal(result.solos + result.deltas, 0);
	close(encode(&renamed, &base, MODEL, NULL, &result));
	assert_int_equal(result.solos + result.deltas, 0);
	assert_true(round_trips(&base, &base, MODEL, NULL));
	assert_true(round_trips(&renamed, &base, MODEL, "bitx"));
	model_file_remove(&base);
	model_file_remove(&renamed);
}

static void a_delta_codec_leaves_tensors_without_a_like_raw(void **state)
{
	struct model_file base = model_file_make(6, 0, "");
	struct model_file other = model_file_make(66, 0, "other.");
	struct upload_result result;

	(void)state;
	close(encode(&other, &base, MODEL, "bitx", &result));
	assert_int_equal(result.deltas, 0);
	assert_int_equal(result.solos, MODEL_TENSORS);
	assert_true(result.stored >
	            (uint64_t)MODEL_TENSORS * MODEL_ROWS * MODEL_COLUMNS * 2);
	assert_true(round_trips(&other, &base, MODEL, "bitx"));
	model_file_remove(&base);
	model_file_remove(&other);
}

static void the_same_input_makes_the_same_bundle_on_any_threads(void **state)
{
	struct model_file base = model_file_make(7, 0, "");
	struct model_file tune = model_file_make(7, 1e-5f, "");
	struct upload_result result;
	struct buf one = BUF_INIT;

	(void)state;
	int fd = encode_on(1, &tune, &base, MODEL, NULL, &result);
	memory_file_read(fd, &one);
	close(fd);
	for (unsigned threads = 1; threads <= 9; threads += 2) {
		struct buf other = BUF_INIT;
		fd = encode_on(threads, &tune, &base, MODEL, NULL, &result);
		memory_file_read(fd, &other);
		close(fd);
		assert_int_equal(one.size, other.size);
		assert_memory_equal(one.data, other.data, one.size);
		buf_wipe(&other);
	}
	buf_wipe(&one);
	model_file_remove(&base);
	model_file_remove(&tune);
}

/* ---------------------------------------------------------------- what is refused */

static void a_bundle_without_its_base_says_so(void **state)
{
	struct model_file base = model_file_make(8, 0, "");
	struct model_file tune = model_file_make(8, 1e-5f, "");
	struct model_file other = model_file_make(88, 0, "");
	struct upload_result result;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	char hex[SHA256_HEX + 1];

	(void)state;
	int fd = encode(&tune, &base, MODEL, NULL, &result);
	oid_format(&base.oid, hex);
	assert_int_equal(decode(fd, NULL, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "--base"));
	assert_non_null(strstr(err.text, hex));
	assert_int_equal(decode(fd, &other, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, other.path));
	close(fd);
	buf_wipe(&out);
	model_file_remove(&base);
	model_file_remove(&tune);
	model_file_remove(&other);
}

/* A bundle of a few hundred bytes with a record in it: an array that compresses. */
static void small_bundle(struct model_file *f, struct buf *bundle)
{
	uint8_t bytes[70001];
	struct upload_result result;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 3);
	*f = model_file_of(bytes, sizeof(bytes));
	int fd = encode(f, NULL, DTYPE_BF16, "zstd", &result);
	memory_file_read(fd, bundle);
	close(fd);
	assert_int_equal(result.solos, 1);
	assert_in_range(bundle->size, 100, 2000);
}

/* Whether decoding `bytes` fails with words, or gives the file all the same. */
static bool refused_or_harmless(const struct buf *bytes, size_t n,
                                const struct model_file *f, size_t *refused)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = memory_file_of(bytes->data, n);
	int rc = decode(fd, NULL, &out, &err);
	bool fine = rc ? err.text[0] && err.code == rc : same_bytes(&out, f);

	*refused += rc != 0;
	close(fd);
	buf_wipe(&out);
	return fine;
}

static void every_flipped_byte_is_refused_or_harmless(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	struct model_file f;
	struct buf bundle = BUF_INIT;
	size_t refused = 0;

	(void)state;
	small_bundle(&f, &bundle);
	for (size_t i = 0; i < bundle.size; i++)
		for (size_t k = 0; k < sizeof(flips); k++) {
			bundle.data[i] ^= flips[k];
			if (!refused_or_harmless(&bundle, bundle.size, &f, &refused))
				fail_msg("byte %zu flipped by %02x", i, flips[k]);
			bundle.data[i] ^= flips[k];
		}
	assert_true(refused > 2 * bundle.size);
	buf_wipe(&bundle);
	model_file_remove(&f);
}

static void a_bundle_cut_short_or_too_long_is_refused(void **state)
{
	struct model_file f;
	struct buf bundle = BUF_INIT;
	size_t refused = 0;

	(void)state;
	small_bundle(&f, &bundle);
	for (size_t n = 0; n < bundle.size; n++)
		assert_true(refused_or_harmless(&bundle, n, &f, &refused));
	assert_int_equal(refused, bundle.size);
	buf_add_u8(&bundle, 0);
	assert_true(refused_or_harmless(&bundle, bundle.size, &f, &refused));
	assert_int_equal(refused, bundle.size);
	buf_wipe(&bundle);
	model_file_remove(&f);
}

static void a_file_that_is_no_bundle_is_the_users_mistake(void **state)
{
	struct model_file f = noise_file(1000, 3);
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = open(f.path, O_RDONLY);

	(void)state;
	assert_int_equal(decode(fd, NULL, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "not a bundle"));
	close(fd);
	buf_wipe(&out);
	model_file_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_file_comes_back_byte_for_byte),
		cmocka_unit_test(models_come_back_under_every_codec),
		cmocka_unit_test(arrays_of_any_dtype_and_length_come_back),
		cmocka_unit_test(an_array_is_predicted_by_a_shorter_or_longer_one),
		cmocka_unit_test(what_the_base_holds_is_left_out),
		cmocka_unit_test(a_delta_codec_leaves_tensors_without_a_like_raw),
		cmocka_unit_test(the_same_input_makes_the_same_bundle_on_any_threads),
		cmocka_unit_test(a_bundle_without_its_base_says_so),
		cmocka_unit_test(every_flipped_byte_is_refused_or_harmless),
		cmocka_unit_test(a_bundle_cut_short_or_too_long_is_refused),
		cmocka_unit_test(a_file_that_is_no_bundle_is_the_users_mistake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
