#include "agent/report/report_json.h"

#include <stdlib.h>

#include "agent/report/json.h"
#include "agent/report/report.h"
#include "codec/common/err.h"

int report_json(struct json *j, struct err *err)
{
	char *text = json_text(j);

	json_free(j);
	if (!text)
		return err_nomem(err, "the output");
	report_text(text);
	report_text("\n");
	free(text);
	return 0;
}
