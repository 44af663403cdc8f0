/* Runs a fuzz target once on each file named on the command line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	/* Exactly as large as the input, so that ASan sees a read past its end. */
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	size_t n = data && size > 0 ? fread(data, 1, (size_t)size, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		rc |= run_file(argv[i]);
	printf("%d inputs\n", argc - 1);
	return rc;
}
