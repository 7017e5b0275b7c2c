/* SPDX: no licence chosen yet, see README */
/*
 * members.h - the processes of the job as seen from outside: who they are, what they hold now
 * and held at most, how they ended. Hosted; serves the sampler, ends in run.json.
 *
 * A member is (pid, start time), from when the sampler first sees it until its end. Live ones
 * keep a descriptor of their statm (1 us a read) and a pidfd (their end wakes poll()); with no
 * descriptors left both are done without. Not thread safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mw_member {
	int32_t pid, ppid; /* ppid: when first seen */
	uint64_t start_ticks;
	int64_t first_seen_ns, last_seen_ns; /* CLOCK_MONOTONIC */
	int64_t rss_bytes;		     /* at the last sample; 0 after its end */
	int64_t max_rss_bytes;		     /* samples and VmHWM */
	int64_t rss_at_peak_bytes;	     /* counts if peak_number is the final one */
	uint32_t peak_number;
	char *command; /* owned; may be NULL */
	/* live only */
	int pidfd, statm_fd;   /* -1 = none */
	int64_t refreshed_ns;  /* when VmHWM and command were last read */
	bool is_memory_shared; /* not seen with an address space of its own yet (vfork) */
	bool is_live;
	/* ended, and reaped by us */
	bool has_status;
	bool is_signal; /* status is a signal's number, else an exit status */
	int status;
};

struct mw_members {
	struct mw_member **all; /* owned; in the order first seen */
	size_t n_all, capacity;
	struct mw_member **live; /* borrowed from all; no order */
	size_t n_live, live_capacity;
};

/**
 * mw_members_add() - begin to watch @pid, which the caller knows to belong to the job
 * Return: the new member (borrowed), or NULL: it is gone or a zombie, or no memory.
 */
struct mw_member *mw_members_add(struct mw_members *members, int32_t pid, int64_t now_ns);

/** mw_members_find_live() - by pid. Return: borrowed, or NULL. */
struct mw_member *mw_members_find_live(const struct mw_members *members, int32_t pid);

/** mw_member_measure() - read the RSS now, and command and VmHWM where it is time to */
void mw_member_measure(struct mw_member *member, int64_t now_ns);

/** mw_member_is_young() - in the first 50 ms since it was seen, when most of a life happens */
bool mw_member_is_young(const struct mw_member *member, int64_t now_ns);

/** mw_member_has_ended() - asks the kernel. True also while it waits to be reaped. */
bool mw_member_has_ended(const struct mw_member *member);

/** mw_members_retire() - @member has ended: out of the live ones, descriptors closed */
void mw_members_retire(struct mw_members *members, struct mw_member *member, int64_t now_ns);

/**
 * mw_members_note_status() - a child of ours was reaped
 * @is_signal: @status is the signal that ended it, else its exit status
 */
void mw_members_note_status(struct mw_members *members, int32_t pid, bool is_signal, int status);

/** mw_members_deinit() - free everything, close everything */
void mw_members_deinit(struct mw_members *members);
