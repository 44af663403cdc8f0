/*
 * Gives freed memory back to the system. The allocator keeps for each thread what that
 * thread freed: the windows of many lanes, which nobody needs any more while a large list
 * is written. Takes milliseconds; any thread.
 */
#ifndef ZLLM_FREE_MEMORY_H
#define ZLLM_FREE_MEMORY_H

void free_memory_return(void);

#endif
