#include "codec/frame_out.h"

bool frame_out_valid(const struct frame_out *out, enum dtype dtype, size_t size)
{
	switch (out->mode) {
	case FRAME_RAW:
		return out->stored == size;
	case FRAME_CODED:
	case FRAME_TIGHT:
	case FRAME_SPARSE:
		return out->stored > 0 && out->stored < size;
	case FRAME_SAME:
		return out->stored == 0;
	case FRAME_FILL:
		return out->stored == dtype_unit(dtype) && size % dtype_unit(dtype) == 0;
	case FRAME_MODES:
		break;
	}
	return false;
}

bool frame_out_suits(const struct frame_out *out, const struct codec *codec)
{
	switch (out->mode) {
	case FRAME_SAME:
	case FRAME_SPARSE:
		return codec->needs_base;
	case FRAME_TIGHT:
		return codec->mode == FRAME_TIGHT;
	default:
		return true;
	}
}
