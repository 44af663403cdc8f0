/* Words of a command line that a message tells a person to run. */
#ifndef ZLLM_SHELL_WORD_H
#define ZLLM_SHELL_WORD_H

struct buf;

/*
 * Appends `text` as one word for the shell (sh, bash, zsh), which stands for these
 * bytes whatever they are, and starts nothing. Text that needs no quotes stays bare:
 * letters, digits and @%+=:,./_- (but no = or - in front). All else is put in '...'; what
 * a terminal would not show (printable.h) makes it $'...', with octal escapes, so
 * that the line survives being printed.
 *
 * A message that holds such a word puts its command last, after ": " or "run ", and no
 * quotes of its own around it: whoever copies those too would turn the word's inside
 * out. Any thread.
 */
void shell_word_add(struct buf *out, const char *text);

#endif
