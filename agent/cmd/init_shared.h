/* Who may push to a store in a folder: what `init` does and says of it. */
#ifndef ZLLM_INIT_SHARED_H
#define ZLLM_INIT_SHARED_H

struct err;
struct store;
struct store_folder_modes;
struct store_url;

/* --shared: a store that is made with these modes is its group's. */
void init_shared_ask(struct store_folder_modes *modes);

/* --shared: a store that exists becomes its group's, with all that is in it. What belongs
 * to others is told. ERR_INPUT for a bucket, ERR_IO where the folder is another's. */
int init_shared_open_up(const struct store_url *url, const struct store *store,
                        struct err *err);

/* A line where the group may push, and a note where the file system of the store in a
 * folder turned out not to keep a promise. */
void init_shared_say(const struct store *store);

#endif
