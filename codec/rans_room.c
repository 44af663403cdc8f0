#include "codec/rans_room.h"

#include <string.h>

_Static_assert((int)ROOM_STRIDE == (int)KERNEL_STRIDE,
               "kernels place tokens in the room");
_Static_assert((int)ROOM_COUNTERS == (int)KERNEL_COUNTERS, "kernels count in the room");

void rans_room_clear(struct rans_room *room, size_t n)
{
	for (int k = 0; k < ROOM_COUNTERS; k++)
		memset(room->counts[k], 0, n * sizeof(uint32_t));
}

/* Equal neighbours are common, and a counter that has just been written takes
 * its time to be read again: hence the four. */
void rans_room_count(struct rans_room *room, const uint16_t *index, size_t n)
{
	uint32_t *a = room->counts[0], *b = room->counts[1];
	uint32_t *c = room->counts[2], *d = room->counts[3];
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		a[index[i]]++;
		b[index[i + 1]]++;
		c[index[i + 2]]++;
		d[index[i + 3]]++;
	}
	for (; i < n; i++)
		a[index[i]]++;
}

void rans_room_sum(struct rans_room *room, size_t n)
{
	for (size_t i = 0; i < n; i++)
		room->counts[0][i] += room->counts[1][i] + room->counts[2][i] +
		                      room->counts[3][i];
}
