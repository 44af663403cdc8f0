/* A budget as `--budget` takes it: "10m", "5GB", "1000requests", or several of them with
 * commas between, of which the first that is reached counts. */
#ifndef ZLLM_BUDGET_TEXT_H
#define ZLLM_BUDGET_TEXT_H

struct budget_limits;
struct err;

/* Times as duration_parse() has them; B, kB, MB, GB, TB of 1000 and KiB, MiB, GiB, TiB of
 * 1024, in any case; "requests" or "request". None may be 0, nor be there twice. NULL is a
 * budget without limits. ERR_INPUT says what is wrong; *out then stays as it was. */
int budget_parse(const char *text, struct budget_limits *out, struct err *err);

#endif
