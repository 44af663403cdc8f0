#include "index/manifest/manifest_model.h"

#include "index/model/format_table.h"

/* The numbers, and what each stands for without a note. */
static const enum model_kind plain[] = { MODEL_OPAQUE, MODEL_SAFETENSORS };

enum { WITHOUT_TENSORS = 0, WITH_TENSORS = 1 };

uint8_t manifest_model_number(enum model_kind kind)
{
	return format_of(kind)->has_tensors ? WITH_TENSORS : WITHOUT_TENSORS;
}

const char *manifest_model_note(enum model_kind kind)
{
	return plain[manifest_model_number(kind)] == kind ? NULL : format_of(kind)->name;
}

int manifest_model_kind(unsigned number, const char *note)
{
	const struct model_format *format = note ? format_by_name(note) : NULL;

	if (number > WITH_TENSORS)
		return -1;
	if (format && manifest_model_number(format->kind) == number)
		return (int)format->kind;
	return (int)plain[number];
}
