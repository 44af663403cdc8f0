/* What an imported model is called, and who owns what is in it. */
#ifndef ZLLM_SOURCE_NAME_H
#define ZLLM_SOURCE_NAME_H

#include "agent/hints/model_name.h"
#include "index/store/store_keys.h"

/* Makes a name (model_name.h) of any text: the last two segments of a path, what no name
 * may have replaced by '-'. Never fails: "import" where nothing is left. */
void source_name_make(const char *text, struct model_name *out);

/*
 * The owner of what is imported under a name: the first 16 bytes of
 *
 *     SHA-256("git-zllm import " name)
 *
 * It is no repository's, so no prune of one takes what was imported; and it is the same for
 * whoever imports the model again, on whatever machine.
 */
void source_owner_id(const char *name, char out[REPO_ID_HEX + 1]);

#endif
