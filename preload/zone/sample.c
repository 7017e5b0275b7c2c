/* SPDX: no licence chosen yet, see README */
/*
 * sample.c - see sample.h. Zone; between hook and unwind. Runs once a sample, so it can afford
 * plain double arithmetic; no libm, which would be one more library inside the target.
 */
#include <stddef.h>
#include <string.h>

#include "preload/zone/arena.h"
#include "preload/zone/image.h"
#include "preload/zone/sample.h"
#include "preload/zone/zone.h"

uint32_t mw_stacks_mode;

void mw_sample_init(void)
{
	if (mw_control->options & MWD_OPT_NO_STACKS)
		mw_stacks_mode = MW_STACKS_OFF;
	else if (mw_control->sample_bytes)
		mw_stacks_mode = MW_STACKS_SAMPLED;
}

/* Finalizer of splitmix64 (Steele, Lea, Flood 2014): a bijection that mixes well. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* splitmix64: a counter, mixed. */
static uint64_t next_random(struct mw_sample *sample)
{
	sample->random += 0x9e3779b97f4a7c15u;
	return mix(sample->random);
}

/* -ln(@x) for 0 < x <= 1, to 15 digits: ln(m 2^e) = e ln 2 + 2 atanh((m - 1) / (m + 1)). */
static double minus_log(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof(bits));
	int exponent = (int)(bits >> 52) - 1023;
	bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
	memcpy(&x, &bits, sizeof(x));
	if (x > 1.4142135623730951) {
		x /= 2;
		exponent++;
	}
	double t = (x - 1) / (x + 1), square = t * t, sum = 0; /* |t| < 0.172 */
	for (int i = 19; i >= 1; i -= 2)
		sum = sum * square + 1.0 / i;
	return -(exponent * 0.69314718055994531 + 2 * t * sum);
}

/*
 * Bytes to the next point, from 1: the inverse of the distribution function, rounded up, so that
 * P(distance <= n) = 1 - exp(-n / R) exactly for whole n.
 */
static int64_t draw_distance(struct mw_sample *sample)
{
	double uniform = (double)((next_random(sample) >> 11) + 1) * 0x1p-53; /* (0, 1] */
	double distance = minus_log(uniform) * (double)mw_control->sample_bytes;
	return distance < 0x1p62 ? (int64_t)distance + 1 : INT64_MAX;
}

void mw_sample_reset(struct mw_sample *sample, uint32_t number)
{
	*sample = (struct mw_sample){ .seed = mix(mw_image_offset + number) };
}

MW_COLD bool mw_sample_reached(struct mw_sample *sample, uint64_t class_bytes)
{
	if (!sample->random) {
		sample->random = mix(mw_control->sample_seed ^ sample->seed);
		sample->left_bytes = draw_distance(sample) - (int64_t)class_bytes;
		if (sample->left_bytes > 0)
			return false;
	}
	sample->left_bytes = draw_distance(sample);
	return true;
}
