/* How much work is put into storing (index/blob/effort.h), as git's configuration says it:
 * zllm.effort, "fast", "normal" or "best". */
#ifndef ZLLM_EFFORT_SETTING_H
#define ZLLM_EFFORT_SETTING_H

struct effort;
struct err;
struct lfs_config;

/* 0 with *out, which is `otherwise` where nothing is set; ERR_CONFIG for another word. */
int effort_read(const struct lfs_config *config, const struct effort *otherwise,
                const struct effort **out, struct err *err);

#endif
