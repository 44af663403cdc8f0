#include "index/work/free_memory.h"

#include <malloc.h>

void free_memory_return(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
