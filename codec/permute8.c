#include "codec/permute8.h"

#if defined(__x86_64__)

/* Of a mask: whether bit k is set, and how many are below it, and above. */
#define BIT(m, k) ((m) >> (k)&1u)
#define BELOW(m, k) ((unsigned)__builtin_popcount((m) & ((1u << (k)) - 1)))
#define ABOVE(m, k) ((unsigned)__builtin_popcount((m) >> (k) >> 1))

/* What `f` says of each of the masks 0..255. */
#define OF4(f, m) f(m), f((m) + 1), f((m) + 2), f((m) + 3)
#define OF16(f, m) OF4(f, m), OF4(f, (m) + 4), OF4(f, (m) + 8), OF4(f, (m) + 12)
#define OF64(f, m) OF16(f, m), OF16(f, (m) + 16), OF16(f, (m) + 32), OF16(f, (m) + 48)
#define OF_ALL(f) OF64(f, 0u), OF64(f, 64u), OF64(f, 128u), OF64(f, 192u)

/* The bit that has `i` others on that side of it, or 0. */
#define NTH_OF(side, m, i, k) (BIT(m, k) && side(m, k) == (i) ? (k) : 0u)
#define NTH(side, m, i)                                                          \
	(NTH_OF(side, m, i, 1) + NTH_OF(side, m, i, 2) + NTH_OF(side, m, i, 3) + \
	 NTH_OF(side, m, i, 4) + NTH_OF(side, m, i, 5) + NTH_OF(side, m, i, 6) + \
	 NTH_OF(side, m, i, 7))

#define BYTES(f, m)                                                                    \
	((uint64_t)f(m, 0) | (uint64_t)f(m, 1) << 8 | (uint64_t)f(m, 2) << 16 |        \
	 (uint64_t)f(m, 3) << 24 | (uint64_t)f(m, 4) << 32 | (uint64_t)f(m, 5) << 40 | \
	 (uint64_t)f(m, 6) << 48 | (uint64_t)f(m, 7) << 56)

#define EXPAND(m, k) (BIT(m, k) ? BELOW(m, k) : 0x80u)
#define EXPAND_ALL(m) BYTES(EXPAND, m)

const uint64_t permute8_expand[256] = { OF_ALL(EXPAND_ALL) };

#define COMPRESS(m, i) NTH(BELOW, m, i)
#define COMPRESS_ALL(m) BYTES(COMPRESS, m)

const uint64_t permute8_compress[256] = { OF_ALL(COMPRESS_ALL) };

/* Both bytes of a word. */
#define WORD(place) (0x0100u + 0x0202u * (place))
#define WORDS(f, m)                                                                    \
	{                                                                              \
		f(m, 0), f(m, 1), f(m, 2), f(m, 3), f(m, 4), f(m, 5), f(m, 6), f(m, 7) \
	}

#define EXPAND_WORD(m, k) (BIT(m, k) ? WORD(BELOW(m, k)) : 0x8080u)
#define EXPAND_WORDS(m) WORDS(EXPAND_WORD, m)

const uint16_t permute8_expand_words[256][8] = { OF_ALL(EXPAND_WORDS) };

#define RAISE_WORD(m, i) WORD(NTH(ABOVE, m, 7u - (i)))
#define RAISE_WORDS(m) WORDS(RAISE_WORD, m)

const uint16_t permute8_raise_words[256][8] = { OF_ALL(RAISE_WORDS) };

#endif
