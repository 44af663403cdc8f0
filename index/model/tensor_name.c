#include "index/model/tensor_name.h"

#include <stddef.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/common/le.h"
#include "codec/common/xxh128.h"
#include "index/model/extent.h"

enum { CORE_KEPT = 4096 }; /* bytes of a name that count: the last ones */

static const char *const prefixes[] = {
	"model.",       "module.",     "base_model.",     "_orig_mod.",
	"transformer.", "text_model.", "language_model.", "backbone.",
	"bert.",        "roberta.",    "distilbert.",     "_fsdp_wrapped_module.",
};

static const char *const vocabularies[] = {
	"lm_head.weight",
	"embed_tokens.weight",
	"wte.weight",
	"word_embeddings.weight",
	"tok_embeddings.weight",
	"embed_out.weight",
	"embed_in.weight",
	"output.weight",
	"shared.weight",
	"embeddings.word_embeddings.weight",
};

const char *tensor_name_core(const char *name)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]);) {
		size_t n = strlen(prefixes[i]);
		if (strncmp(name, prefixes[i], n) == 0 && name[n]) {
			name += n;
			i = 0;
		} else {
			i++;
		}
	}
	return name;
}

bool tensor_name_is_vocabulary(const char *name)
{
	const char *core = tensor_name_core(name);

	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		if (strcmp(core, vocabularies[i]) == 0)
			return true;
	return false;
}

uint64_t tensor_name_key(const struct extent *x)
{
	const char *core = tensor_name_is_vocabulary(x->name) ? "(vocabulary)"
	                                                      : tensor_name_core(x->name);
	size_t n = strlen(core);
	uint8_t text[CORE_KEPT + 2 + 8 * TENSOR_DIMS_MAX];
	bool is_cast = cast_exists(x->dtype, DTYPE_F32) || x->dtype == DTYPE_F32;

	if (n > CORE_KEPT) {
		core += n - CORE_KEPT;
		n = CORE_KEPT;
	}
	memcpy(text, core, n);
	text[n++] = (uint8_t)(is_cast ? DTYPE_F32 : x->dtype);
	text[n++] = (uint8_t)x->dim_count;
	for (unsigned i = 1; i < x->dim_count; i++, n += 8)
		le64_store(text + n, x->dims[i]);
	return le64_load(xxh128_of(text, n).bytes);
}
