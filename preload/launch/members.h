/* SPDX: no licence chosen yet, see README */
/*
 * members.h - the live processes of the job as seen from outside: who they are and what they hold
 * now. Hosted; serves the sampler. What is learned of them goes to their lives (lives.h).
 *
 * A member is (pid, start time), from when the sampler first sees it until its end. It keeps
 * descriptors of its statm and its children (1 us a read), and a pidfd (its end wakes poll()); with
 * no descriptors left all are done without. Not thread safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/launch/lives.h"
#include "preload/launch/proc_parse.h"

struct mw_member {
	struct mw_life *life; /* what it runs at present; borrowed */
	int32_t pid;
	uint64_t start_ticks;
	uint64_t program;	/* the file it executes, 0 = unknown; see mw_proc_read_program() */
	int64_t first_seen_ns;	/* CLOCK_MONOTONIC */
	int64_t rss_bytes;	/* at the last sample */
	int64_t last_rss_bytes; /* at the one before */
	int pidfd, statm_fd, children_fd; /* -1 = none; the last one is opened when first asked */
	int64_t refreshed_ns;		  /* when VmHWM, command and use were last read */
	int n_pids;			  /* see struct mw_proc_status; 0 = not read yet */
	bool is_watched;		  /* its end makes epoll_fd readable */
	bool is_memory_shared; /* not seen with an address space of its own yet (vfork) */
};

struct mw_members {
	struct mw_lives *lives;	 /* borrowed */
	struct mw_member **live; /* owned; no order */
	size_t n_live, capacity;
	size_t n_unwatched;		 /* live ones whose end must be asked for */
	int epoll_fd;			 /* readable when a watched one has ended; -1 = none */
	int64_t boot_minus_monotonic_ns; /* /proc counts from boot, suspension included */
	uint32_t own_namespace;		 /* of pids: ours; 0 = unknown */
	/* Some live in others, so who is new is asked for it. Jobs without pay nothing. */
	bool are_namespaces;
};

/** mw_members_init() - without descriptors for epoll it works as well, but notices ends late */
void mw_members_init(
	struct mw_members *members, struct mw_lives *lives, int64_t boot_minus_monotonic_ns);

/**
 * mw_members_add() - begin to watch @pid, which the caller knows to belong to the job
 *
 * It goes on with the latest life of @pid if that is of the same process, else begins one.
 * Return: the new member (borrowed), or NULL: it is gone or a zombie, or no memory.
 */
struct mw_member *mw_members_add(struct mw_members *members, int32_t pid, int64_t now_ns);

/** mw_members_add_if() - the same, if the process is one that @is_wanted says yes to */
struct mw_member *mw_members_add_if(struct mw_members *members, int32_t pid, int64_t now_ns,
	bool (*is_wanted)(void *context, const struct mw_proc_stat *stat), void *context);

/** mw_members_note_zombie() - when @life began, which was over before it became a member's, if it
 * is of a child of ours that we have not reaped yet */
void mw_members_note_zombie(const struct mw_members *members, struct mw_life *life);

/** mw_members_find_live() - by pid. Return: borrowed, or NULL. */
struct mw_member *mw_members_find_live(const struct mw_members *members, int32_t pid);

/** mw_members_note_namespaces() - a process of the job lives in another pid namespace than we: from
 * now on lives are found by their inner pids, too */
void mw_members_note_namespaces(struct mw_members *members);

/* Who had the pid when an image was written. */
enum mw_writer {
	MW_WRITER_IT,	  /* this process, as far as can be told */
	MW_WRITER_BEFORE, /* one before it */
	MW_WRITER_AFTER,  /* one after it: it has ended */
};

/**
 * mw_member_compare() - was it @member that wrote @image, which names its pid?
 *
 * /proc rounds a start down to a clock tick, and so does this. Within a tick it tells by what
 * cannot be: a process that has an image forks into no other, and what ended did not exec.
 */
enum mw_writer mw_member_compare(const struct mw_members *members, const struct mw_member *member,
	const struct mwd_image *image);

/**
 * mw_member_enter_image() - the process wrote an image of the dump: its program, by exec or fork
 * @command: as the image tells it, maybe cut
 *
 * Return: the image's life; NULL without memory.
 */
struct mw_life *mw_member_enter_image(struct mw_members *members, struct mw_member *member,
	const struct mwd_image *image, const char *command);

/**
 * mw_member_measure() - read the RSS now, and command, VmHWM and use where it is time to
 * @step_bytes: a process that will tell its own VmHWM is not asked for it again before it has grown
 *	by so much, and a 64th
 */
void mw_member_measure(
	struct mw_members *members, struct mw_member *member, int64_t step_bytes, int64_t now_ns);

/** mw_member_tells_end() - what it runs is followed, and will tell its use and VmHWM itself */
bool mw_member_tells_end(const struct mw_member *member);

/** mw_member_is_young() - in the first 50 ms since it was seen, when most of a life happens */
bool mw_member_is_young(const struct mw_member *member, int64_t now_ns);

/** mw_member_has_ended() - asks the kernel. True also while it waits to be reaped. */
bool mw_member_has_ended(const struct mw_member *member);

/**
 * mw_members_next_ended() - a member that has ended and is to be retired now
 * @is_thorough: look for those, too, whose end nobody tells us (a system call each)
 * Return: borrowed; NULL: no more.
 */
struct mw_member *mw_members_next_ended(const struct mw_members *members, bool is_thorough);

/** mw_member_visit_children() - call @visit for each child it has at present */
void mw_member_visit_children(
	struct mw_member *member, void (*visit)(void *context, int32_t child), void *context);

/**
 * mw_members_retire() - @member has ended: its last numbers taken, descriptors closed, freed
 * Return: its last life.
 */
struct mw_life *mw_members_retire(
	struct mw_members *members, struct mw_member *member, int64_t now_ns);

/** mw_members_deinit() - free everything, close everything */
void mw_members_deinit(struct mw_members *members);
