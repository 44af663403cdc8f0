/*
 * Gives memory that was freed back to the system. The allocator keeps what each thread
 * freed for that thread: windows of many lanes, which nobody needs any more when a large
 * list is written. Takes milliseconds; any thread.
 */
#ifndef ZLLM_FREE_MEMORY_H
#define ZLLM_FREE_MEMORY_H

void free_memory_return(void);

#endif
