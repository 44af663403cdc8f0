#include "codec/kernel/permute8.h"

#if defined(__x86_64__)

/*
 * `what` of each of the masks 0..255. A mask is spelt as one number, not as a
 * sum, and each of its bits is asked once for the place that it goes to, not each place
 * for its bit: compilers take seconds over the long text that these would be otherwise.
 */
#define OF16(what, h)                                                               \
	what(0x##h##0u), what(0x##h##1u), what(0x##h##2u), what(0x##h##3u),         \
		what(0x##h##4u), what(0x##h##5u), what(0x##h##6u), what(0x##h##7u), \
		what(0x##h##8u), what(0x##h##9u), what(0x##h##au), what(0x##h##bu), \
		what(0x##h##cu), what(0x##h##du), what(0x##h##eu), what(0x##h##fu)
#define OF64(what, a, b, c, d) OF16(what, a), OF16(what, b), OF16(what, c), OF16(what, d)
#define OF_ALL(what)                                                            \
	OF64(what, 0, 1, 2, 3), OF64(what, 4, 5, 6, 7), OF64(what, 8, 9, a, b), \
		OF64(what, c, d, e, f)

/* Of a mask: whether bit k is set, and how many are below it, and above. */
#define BIT(m, k) ((m) >> (k)&1u)
#define BELOW(m, k) __builtin_popcount((m) & ((1u << (k)) - 1))
#define ABOVE(m, k) __builtin_popcount((m) >> (k) >> 1)

/* All bits' shares of 64 bits: bytes, or words. */
#define ALL(f, m) \
	(f(m, 0) | f(m, 1) | f(m, 2) | f(m, 3) | f(m, 4) | f(m, 5) | f(m, 6) | f(m, 7))
#define BYTE(v, i) ((uint64_t)(v) << 8 * (i))

#define EXPAND(m, k) BYTE(BIT(m, k) ? BELOW(m, k) : 0x80, k)
#define EXPAND_ALL(m) ALL(EXPAND, m)

const uint64_t permute8_expand[256] = { OF_ALL(EXPAND_ALL) };

#define COMPRESS(m, k) (BIT(m, k) ? BYTE(k, BELOW(m, k)) : 0)
#define COMPRESS_ALL(m) ALL(COMPRESS, m)

const uint64_t permute8_compress[256] = { OF_ALL(COMPRESS_ALL) };

/* Both bytes of word `place`. */
#define WORD(place) (0x0100u + 0x0202u * (unsigned)(place))

#define EXPAND_WORD(m, k) (BIT(m, k) ? WORD(BELOW(m, k)) : 0x8080u)
#define EXPAND_WORDS(m)                                                          \
	{                                                                        \
		EXPAND_WORD(m, 0), EXPAND_WORD(m, 1), EXPAND_WORD(m, 2),         \
			EXPAND_WORD(m, 3), EXPAND_WORD(m, 4), EXPAND_WORD(m, 5), \
			EXPAND_WORD(m, 6), EXPAND_WORD(m, 7)                     \
	}

const uint16_t permute8_expand_words[256][8] = { OF_ALL(EXPAND_WORDS) };

/* Words 0..3, and words 4..7. */
#define RAISE(m, k, from)                                          \
	(BIT(m, k) && ABOVE(m, k) / 4 == (from)                    \
	         ? (uint64_t)WORD(k) << (3 - ABOVE(m, k) % 4) * 16 \
	         : 0)
#define RAISE_LOW(m, k) RAISE(m, k, 1)
#define RAISE_HIGH(m, k) RAISE(m, k, 0)
#define RAISE_WORDS(m)                                \
	{                                             \
		ALL(RAISE_LOW, m), ALL(RAISE_HIGH, m) \
	}

const uint64_t permute8_raise_words[256][2] = { OF_ALL(RAISE_WORDS) };

#endif
