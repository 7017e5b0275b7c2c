/* SPDX: no licence chosen yet, see README */
/*
 * lives.h - the program images of the run as run.json tells them, each from first sight to end.
 * Hosted; sampler -> run.json.
 *
 * A life is one program in one process: (pid, start time of the process, number of execs before).
 * Two sources fill it: what is sampled from outside, and what the image tells of itself at its end
 * (images.h). Lives stay until the end of the run; pids come round again, so a look-up by pid gives
 * the latest. Not thread safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/format.h"

/* Until then the program never held more. */
struct mw_life_step {
	int64_t until_ns;
	int64_t bytes;
};

/* Another pid namespace than ours, we may not know which: none has this number. */
#define MW_NAMESPACE_UNKNOWN 1u

struct mw_make_up;
struct mw_member;
struct mwd_image;

struct mw_life {
	int32_t pid, ppid; /* as we see them; ppid: at the beginning. 0 = not known */
	/* In another pid namespace than ours; else both 0. */
	uint32_t pid_namespace;
	int32_t inner_pid;
	struct mw_life *older_inside; /* of the same bucket of mw_lives.inside */
	uint64_t start_ticks;	      /* of the process; 0 = it was never seen from outside */
	uint32_t generation;	      /* execs of the process before this program */
	struct mw_life *previous;     /* the program it replaced by exec; NULL = none */
	uint64_t image_offset;	      /* of its page in the dump; 0 = not followed */
	int64_t begin_ns, end_ns;     /* CLOCK_MONOTONIC; end: last sight, or as told from inside */
	bool has_ended;
	bool is_exec_end; /* its end was an exec */

	int64_t max_rss_bytes;	    /* highest sample, VmHWM read from outside, or: */
	int64_t sampled_rss_bytes;  /* highest sample alone */
	int64_t peak_ns;	    /* when that was; 0 = not sampled */
	struct mw_life_step *steps; /* owned; rising, each by a 64th at least */
	size_t n_steps;
	bool is_exact;		   /* max_rss_bytes is VmHWM, read from inside at the end */
	int64_t rss_at_peak_bytes; /* counts if peak_number is the final one */
	uint32_t peak_number;
	int64_t pss_bytes, uss_bytes, swap_bytes; /* at its highest RSS when read; -1 = never */
	int64_t rss_at_pss_bytes;		  /* as of then */

	struct mw_make_up *make_up; /* owned; at its highest RSS when read; NULL = never */
	struct mwd_usage usage;	    /* of the process since its fork, as last seen in this life */
	bool is_usage_exact;	    /* read from inside at the end, or from the zombie */
	uint32_t max_threads;	    /* seen at once */
	char *command;		    /* owned; may be NULL */
	bool has_status;	    /* reaped by us */
	bool is_signal;		    /* status is a signal's number, else an exit status */
	int status;
	/* For those who fill it: */
	struct mw_member *member;      /* while it runs and is watched; else NULL */
	const struct mwd_image *image; /* while it is mapped (images.h); else NULL */
	size_t last_row;	       /* of process_timeline.c */
};

struct mw_lives {
	struct mw_life **all; /* owned; in the order first seen */
	size_t n, capacity;
	uint32_t *slots; /* pid -> 1 + index of its latest life; open addressing, power of two */
	size_t n_slots, n_used;
	struct mw_life **inside; /* owned; by namespace and inner pid; NULL = none */
};

/** mw_lives_add() - a new life, from now on the latest of @pid (0 = not known). Return: borrowed;
 * NULL: no memory. */
struct mw_life *mw_lives_add(struct mw_lives *lives, int32_t pid, int64_t now_ns);

/** mw_lives_add_exec() - the next program of @previous's process, which ends with it */
struct mw_life *mw_lives_add_exec(struct mw_lives *lives, struct mw_life *previous, int64_t now_ns);

/** mw_lives_latest() - by pid. Return: borrowed, or NULL. */
struct mw_life *mw_lives_latest(const struct mw_lives *lives, int32_t pid);

/** mw_lives_place() - @life's process lives in another pid namespace, and is @inner_pid there; from
 * now on it is the latest of that pid. Without memory it is not found by that. */
void mw_lives_place(
	struct mw_lives *lives, struct mw_life *life, uint32_t pid_namespace, int32_t inner_pid);

/** mw_lives_latest_inside() - by pid in a namespace. Return: borrowed, or NULL. */
struct mw_life *mw_lives_latest_inside(
	const struct mw_lives *lives, uint32_t pid_namespace, int32_t inner_pid);

/** mw_lives_name() - the pid of @life, and of the programs before it, is known now: it was not */
void mw_lives_name(struct mw_lives *lives, struct mw_life *life, int32_t pid);

/** mw_life_set_command() - @text is copied; without memory the old one stays */
void mw_life_set_command(struct mw_life *life, const char *text);

/** mw_life_note_rss() - a sample of its RSS; no more when its exact maximum is known */
void mw_life_note_rss(struct mw_life *life, int64_t rss_bytes, int64_t now_ns);

/** mw_life_note_hwm() - VmHWM was read from outside: until now it never held more; as above */
void mw_life_note_hwm(struct mw_life *life, int64_t hwm_bytes, int64_t now_ns);

/** mw_life_begin_anew() - what was sampled so far was a copy of the parent, before its exec */
void mw_life_begin_anew(struct mw_life *life);

/** mw_usage_since() - what @now has more than @before, which never is less than nothing */
struct mwd_usage mw_usage_since(const struct mwd_usage *now, const struct mwd_usage *before);

/** mw_life_own_usage() - without what the programs before it in the same process had used */
struct mwd_usage mw_life_own_usage(const struct mw_life *life);

/** mw_lives_deinit() - free everything */
void mw_lives_deinit(struct mw_lives *lives);
