/* Any bytes as ~/.aws/config and credentials, and as a credential_process and its
 * answer: read or refused in words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/aws/aws_files.h"
#include "agent/aws/aws_provider.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of the caller's, to be read. */
static struct buf text_of(const char *text, size_t n)
{
	return (struct buf){ (uint8_t *)(uintptr_t)text, n, n, false };
}

static void read_files(const char *text, size_t n)
{
	static const char *const keys[] = { "region", "aws_access_key_id",
		                            "aws_secret_access_key",
		                            "s3.addressing_style" };
	struct aws_files *f = NULL;
	struct err err = ERR_INIT;
	size_t half = n / 2;
	const struct buf config = text_of(text, half);
	const struct buf credentials = text_of(text + half, n - half);
	int rc = aws_files_parse("work", &config, &credentials, &f, &err);

	if (rc && (rc != ERR_CONFIG || !*err.text || f))
		abort();
	for (size_t i = 0; !rc && i < 4; i++) {
		const char *value = aws_files_get(f, keys[i]);
		if (value && (strchr(value, '\n') || strlen(value) > n))
			abort();
	}
	aws_files_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3_credentials *c = NULL;
	struct buf words = BUF_INIT;
	struct err err = ERR_INIT;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	read_files(text, size);
	const struct buf answer = text_of(text, size);
	if (aws_provider_words(text, &words) && words.size && words.data[words.size - 1])
		abort();
	if (aws_provider_parse(&answer, "Token", "the test", &c, &err) == 0 &&
	    !*s3_credentials_keys(c)->id)
		abort();
	s3_credentials_release(c);
	buf_wipe(&words);
	free(text);
	return 0;
}
