/*
 * Text for a terminal. Names of tensors, paths, refs, URLs and the words of a server
 * are chosen by others, and a terminal obeys control characters: one sequence writes
 * the clipboard, another sets the title, a newline forges a line of ours.
 *
 * The notation: each byte of what a terminal would obey or hide is written \xHH, two
 * lower-case hexadecimal digits. These are the control characters (U+0000 to U+001F,
 * U+007F to U+009F), line and paragraph separators, marks that turn the direction of
 * writing, characters of no width, and bytes that are not UTF-8. A backslash is
 * written \x5c only where it and what follows would read as such an escape, so the
 * text can be told back from what is printed (bash's $'...' reads it), and paths and
 * commands with a backslash look as they are.
 *
 * Only what prints calls these, once for each line: report.c, and lfs_message.c, whose
 * sentences git-lfs prints as they are. JSON has escapes of its own (json.c).
 *
 * Any thread.
 */
#ifndef ZLLM_PRINTABLE_H
#define ZLLM_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The length in bytes of the character at `text`, of which `n` > 0 bytes are there.
 * *code is the character, or -1 where no UTF-8 begins (the length is then 1). */
size_t printable_next(const char *text, size_t n, int32_t *code);

/* Whether a terminal shows the character, and does nothing else: false for -1. */
bool printable_is_plain(int32_t code);

/* Appends `text` in the notation above. */
void printable_add(struct buf *out, const char *text);

#endif
