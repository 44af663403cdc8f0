/* A command's result as one line of JSON. */
#ifndef ZLLM_REPORT_JSON_H
#define ZLLM_REPORT_JSON_H

struct err;
struct json;

/* Prints `j` and frees it. 0, or ERR_NOMEM. */
int report_json(struct json *j, struct err *err);

#endif
