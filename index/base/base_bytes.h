/*
 * Where the bytes of bases come from while an object is stored: the local copies that
 * its relatives know, else the store's records, through the cache.
 */
#ifndef ZLLM_BASE_BYTES_H
#define ZLLM_BASE_BYTES_H

struct bases;
struct err;
struct record_basis;
struct relatives;
struct transfer;

struct base_bytes {
	const struct transfer *transfer;
	const struct relatives *relatives; /* NULL: only the store's records */
};

/* As bases_open() (blob/bases.h); the caller closes *out after success. A local copy
 * that cannot be opened is passed over. */
int base_bytes_open(const struct base_bytes *from, const struct record_basis *basis,
                    struct bases *out, struct err *err);

#endif
