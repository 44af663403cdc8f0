/* Asking a person before something is done that he may not want. */
#ifndef ZLLM_CONFIRM_H
#define ZLLM_CONFIRM_H

struct err;

/* Says `question` on standard error and reads the answer: 0 when it is yes; ERR_INTERRUPTED.
 * Where standard input is not a terminal nobody is asked: ERR_INPUT with `otherwise`, a
 * sentence that says how to go on without. */
int confirm(const char *question, const char *otherwise, struct err *err);

#endif
