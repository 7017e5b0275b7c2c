/* SPDX: no licence chosen yet, see README */
/* limits.c - bounds for the job's RSS. See limits.h. */
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/limits.h"

/* From SIGTERM to SIGKILL, and from there until we give up waiting. */
#define GRACE_NS (2 * MW_NS_PER_S)
#define LAST_WAIT_NS (5 * MW_NS_PER_S)

static const struct mw_life *largest_live(const struct mw_members *members)
{
	const struct mw_member *largest = NULL;
	for (size_t i = 0; i < members->n_live; i++) {
		if (largest == NULL || members->live[i]->rss_bytes > largest->rss_bytes)
			largest = members->live[i];
	}
	return largest == NULL ? NULL : largest->life;
}

static void note(
	struct mw_breach *breach, const struct mw_life *life, int64_t rss_bytes, int64_t at_ns)
{
	if (breach->at_ns == 0)
		*breach = (struct mw_breach){ at_ns, rss_bytes, life };
}

static bool is_above(const struct mw_limits *limits, enum mw_limit limit, int64_t bytes)
{
	return limits->most_bytes[limit] > 0 && bytes > limits->most_bytes[limit];
}

/* Who has ended may have been larger than any sample. */
void mw_limits_note_ended(struct mw_limits *limits, const struct mw_sampler *sampler)
{
	for (int limit = 0; limit < MW_N_LIMITS; limit++) {
		if (is_above(limits, (enum mw_limit)limit, sampler->own_peak_bytes))
			note(&limits->breach[limit], sampler->own_peak_life,
				sampler->own_peak_bytes, sampler->own_peak_ns);
	}
}

/* By pidfd where there is one: the pid may be somebody else's by now. */
static void send(const struct mw_member *member, int signal)
{
	if (member->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, member->pidfd, signal, NULL, 0);
	else
		kill(member->pid, signal);
}

static void send_all(const struct mw_members *members, int signal)
{
	for (size_t i = 0; i < members->n_live; i++)
		send(members->live[i], signal);
}

/* A stopped process takes SIGTERM when it goes on. What is born later gets its SIGKILL. */
static void end_job(struct mw_limits *limits, struct mw_sampler *sampler, int64_t now_ns)
{
	if (limits->terminated_ns == 0) {
		limits->terminated_ns = now_ns;
		send_all(&sampler->members, SIGTERM);
		send_all(&sampler->members, SIGCONT);
	} else if (now_ns - limits->terminated_ns >= GRACE_NS) {
		if (limits->killed_ns == 0)
			limits->killed_ns = now_ns;
		send_all(&sampler->members, SIGKILL);
	}
}

void mw_limits_check(struct mw_limits *limits, struct mw_sampler *sampler)
{
	const struct mw_look *look = &sampler->look;
	if (is_above(limits, MW_LIMIT_TOTAL, look->rss_bytes))
		note(&limits->breach[MW_LIMIT_TOTAL], largest_live(&sampler->members),
			look->rss_bytes, look->at_ns);
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		const struct mw_member *member = sampler->members.live[i];
		if (is_above(limits, MW_LIMIT_PROCESS, member->rss_bytes))
			note(&limits->breach[MW_LIMIT_PROCESS], member->life, member->rss_bytes,
				look->at_ns);
	}
	mw_limits_note_ended(limits, sampler);
	enum mw_limit which;
	if (limits->is_killing && mw_limits_first(limits, &which) != NULL)
		end_job(limits, sampler, mw_clock_monotonic_ns());
}

const struct mw_breach *mw_limits_first(const struct mw_limits *limits, enum mw_limit *limit_out)
{
	const struct mw_breach *first = NULL;
	for (int limit = 0; limit < MW_N_LIMITS; limit++) {
		const struct mw_breach *breach = &limits->breach[limit];
		if (breach->at_ns == 0 || (first != NULL && first->at_ns <= breach->at_ns))
			continue;
		first = breach;
		*limit_out = (enum mw_limit)limit;
	}
	return first;
}

bool mw_limits_is_ending(const struct mw_limits *limits, int64_t now_ns)
{
	if (limits->killed_ns != 0)
		return now_ns - limits->killed_ns < LAST_WAIT_NS;
	return limits->terminated_ns != 0;
}
