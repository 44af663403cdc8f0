/* Any bytes as an answer of S3: what is taken from them stays within its bounds, keys
 * are texts that fit, and words can be shown on a terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/s3/s3_answer.h"
#include "index/store/s3/s3_uploads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(void *ctx, const struct s3_listed *key)
{
	size_t *left = ctx;

	if (strlen(key->key) >= S3_KEY_MAX)
		abort();
	return --*left == 0;
}

static int look_at_upload(void *ctx, const struct s3_unfinished *upload)
{
	size_t *left = ctx;

	if (!*upload->key || strlen(upload->key) >= S3_KEY_MAX || !*upload->id ||
	    strlen(upload->id) >= S3_UPLOAD_ID_MAX)
		abort();
	return --*left == 0;
}

static void check_uploads(const uint8_t *data, size_t size)
{
	static struct s3_uploads_page page;
	size_t left = 1000;
	int rc = s3_uploads_parse(data, size, look_at_upload, &left, &page);

	if ((rc != 0 && rc != 1 && rc != ERR_DAMAGED) ||
	    !memchr(page.key_marker, 0, sizeof(page.key_marker)) ||
	    !memchr(page.id_marker, 0, sizeof(page.id_marker)))
		abort();
}

static void check_words(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 32 || *text == 127)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct s3_page page;
	static struct s3_session session;
	struct s3_error error;
	char id[100], text[64] = "";
	size_t left = 1000;

	(void)s3_error_parse(data, size, &error);
	check_words(error.code);
	check_words(error.message);
	check_words(error.region);
	int rc = s3_page_parse(data, size, look, &left, &page);
	if (rc != 0 && rc != 1 && rc != ERR_DAMAGED)
		abort();
	if (memchr(page.token, 0, sizeof(page.token)) == NULL ||
	    memchr(page.marker, 0, sizeof(page.marker)) == NULL)
		abort();
	check_uploads(data, size);
	if (s3_upload_id_parse(data, size, id, sizeof(id)) && !*id)
		abort();
	if (s3_session_parse(data, size, &session) &&
	    (!*session.id || !memchr(session.secret, 0, sizeof(session.secret)) ||
	     !memchr(session.token, 0, sizeof(session.token)) || session.expires <= 0))
		abort();
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	s3_time_parse(text);
	s3_http_date_parse(text);
	return 0;
}
