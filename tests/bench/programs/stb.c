/* cc1's input: real C of an ordinary size (the single-file libraries of Debian's libstb-dev). */
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#ifndef BENCH_QUICK
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>
#define STB_RECT_PACK_IMPLEMENTATION
#include <stb/stb_rect_pack.h>
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb/stb_truetype.h>
#define STB_SPRINTF_IMPLEMENTATION
#include <stb/stb_sprintf.h>
#define STB_DXT_IMPLEMENTATION
#include <stb/stb_dxt.h>
#define STB_DS_IMPLEMENTATION
#include <stb/stb_ds.h>
#endif
