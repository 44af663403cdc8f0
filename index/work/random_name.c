#include "index/work/random_name.h"

#include <stdint.h>
#include <sys/random.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"

int random_name(char name[RANDOM_NAME_HEX + 1], struct err *err)
{
	uint8_t bytes[RANDOM_NAME_HEX / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "asking for random bytes");
	hex_format(bytes, sizeof(bytes), name);
	return 0;
}
