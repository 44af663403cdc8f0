/* Who may push to a store in a folder: what `init` does and says of it. */
#ifndef ZLLM_INIT_SHARED_H
#define ZLLM_INIT_SHARED_H

struct err;
struct store;
struct store_folder_modes;
struct store_kind;

/* --shared: a store that is made with these modes is its group's. */
void init_shared_ask(struct store_folder_modes *modes);

/* --shared: a store that exists becomes its group's, with all that is in it. What belongs
 * to others is told. ERR_INPUT for a bucket, ERR_IO where the folder is another's. */
int init_shared_open_up(const struct store_kind *kind, const struct store *store,
                        struct err *err);

#endif
