#include "codec/common/md5.h"

#include "codec/common/digest.h"

bool md5_base64(const struct md5_piece *pieces, size_t count, char text[MD5_BASE64 + 1])
{
	struct digest *d = digest_new(DIGEST_MD5);
	uint8_t sum[MD5_SIZE];

	if (!d)
		return false;
	for (size_t i = 0; i < count; i++)
		digest_add(d, pieces[i].bytes, pieces[i].size);
	digest_finish(d, sum);
	digest_free(d);
	digest_base64(sum, MD5_SIZE, text);
	return true;
}
