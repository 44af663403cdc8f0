#include "agent/report/checkup.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "codec/common/err.h"

enum { TEXT_MAX = 1536 };

static const char *const words[] = { "ok", "doubtful", "bad" };

static void add_json(struct checkup *c, enum finding finding, const char *area,
                     const char *remedy, const char *text)
{
	struct json *one = json_object();

	json_put_str(one, "area", area);
	json_put_str(one, "finding", words[finding]);
	json_put_str(one, "text", text);
	json_put_str(one, "remedy", remedy);
	json_add(c->json, one);
}

void checkup_add(struct checkup *c, enum finding finding, const char *area,
                 const char *remedy, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->doubtful += finding == FINDING_DOUBTFUL;
	c->bad += finding == FINDING_BAD;
	if (c->json) {
		add_json(c, finding, area, remedy, text);
		return;
	}
	report_line("%-9s %-12s %s", words[finding], area, text);
	if (remedy)
		report_line("%-9s %-12s -> %s", "", "", remedy);
}

int checkup_end(struct checkup *c, struct err *err)
{
	if (c->json) {
		struct json *all = json_object();
		json_put_u64(all, "bad", c->bad);
		json_put_u64(all, "doubtful", c->doubtful);
		json_put(all, "findings", c->json);
		c->json = NULL;
		return report_json(all, err);
	}
	if (c->bad)
		report_line("%u to be put right, %u doubtful", c->bad, c->doubtful);
	else if (c->doubtful)
		report_line("nothing is wrong, %u doubtful", c->doubtful);
	else
		report_line("all is well");
	return 0;
}
