/* What doctor says of a store in a folder. */
#ifndef ZLLM_DOCTOR_FOLDER_H
#define ZLLM_DOCTOR_FOLDER_H

struct checkup;
struct store;
struct store_context;

/* Whether the store in a folder is shared as its folder says, and this user's
 * repository (`context`) asks for it; and what its file system turned out not to do. */
void doctor_folder(struct checkup *c, struct store *store,
                   const struct store_context *context);

#endif
