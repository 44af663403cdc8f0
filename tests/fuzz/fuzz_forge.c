/* Any URL of a remote: a host that is found is lower case, has no user and no port, and no
 * forge is found where no host is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[FORGE_HOST_MAX];
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	bool found = forge_host(text, host);
	if (found && (!*host || strpbrk(host, "/@ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
		abort();
	if (found && *host != '[' && strchr(host, ':'))
		abort();
	if (!found && forge_of_url(text))
		abort();
	free(text);
	return 0;
}
