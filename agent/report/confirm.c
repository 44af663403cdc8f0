#include "agent/report/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/report/report.h"
#include "codec/common/err.h"

int confirm(const char *question, const char *otherwise, struct err *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_INPUT, "%s", otherwise);
	report_note("%s Type 'yes' to go on:", question);
	if (!fgets(answer, sizeof(answer), stdin) || strcmp(answer, "yes\n") != 0)
		return err_set(err, ERR_INTERRUPTED, "nothing was done");
	return 0;
}
