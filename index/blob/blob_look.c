#include "index/blob/blob_look.h"

#include "index/blob/blob_find.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"

int blob_look(const struct transfer *t, const struct oid *id, struct blob_place *out,
              struct err *err)
{
	int rc = RECORD_MAP_UNKNOWN;

	if (t->records)
		rc = record_map_find(t->records, id, out, err);
	return rc == RECORD_MAP_UNKNOWN ? blob_find(t->store, id, out, err) : rc;
}

int blob_look_base(const struct transfer *t, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err)
{
	int rc = RECORD_MAP_UNKNOWN;

	if (t->records)
		rc = record_map_find_base(t->records, base, out, err);
	return rc == RECORD_MAP_UNKNOWN ? blob_find_base(t->store, base, out, err) : rc;
}
