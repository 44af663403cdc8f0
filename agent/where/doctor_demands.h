/* What doctor says where a bucket refuses what is asked of it. */
#ifndef ZLLM_DOCTOR_DEMANDS_H
#define ZLLM_DOCTOR_DEMANDS_H

struct checkup;
struct err;
struct store_context;
struct store_url;

/* Where reading or writing a bucket was refused, and it may be that it demands something
 * of requests: what, as far as trying tells, and the setting that says it. `write` is NULL
 * where it was not tried. */
void doctor_demands(struct checkup *c, const struct store_url *url,
                    const struct store_context *context, const struct err *read,
                    const struct err *write);

#endif
