/* What a run of gc says at its end: a line for each kind of thing and what was done to it,
 * with bytes; or one JSON object. */
#ifndef ZLLM_GC_REPORT_H
#define ZLLM_GC_REPORT_H

struct err;
struct gc_summary;
struct gc_world;

void gc_report_text(const struct gc_world *w, const struct gc_summary *s);
int gc_report_json(struct gc_world *w, const struct gc_summary *s, struct err *err);

/* What a person should know besides, on standard error: also with JSON. */
void gc_report_remarks(const struct gc_world *w, const struct gc_summary *s);

#endif
