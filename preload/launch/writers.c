/* SPDX: no licence chosen yet, see README */
/* writers.c - which process wrote which image. See writers.h. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/member_reading.h"
#include "preload/launch/proc_read.h"
#include "preload/launch/writers.h"

/* Deeper than any honest chain of parents; a bound for races with dying parents. */
#define ANCESTORS_MOST 256

/*
 * We are the subreaper, so every process of the job, and no other, has us among its ancestors.
 * A pid from the dump needs this check: it may be a stranger's by now.
 */
static bool is_of_job(void *context, const struct mw_proc_stat *process)
{
	const struct mw_sampler *sampler = context;
	int32_t own_pid = getpid();
	struct mw_proc_stat stat = *process;
	for (int i = 0; i < ANCESTORS_MOST; i++) {
		int32_t pid = stat.ppid;
		if (pid == own_pid || mw_members_find_live(&sampler->members, pid) != NULL)
			return true;
		if (pid <= 1 || !mw_proc_read_stat(pid, &stat))
			return false;
	}
	return false;
}

/*
 * The live process of our own pid namespace that wrote an image, made a member if need be; NULL if
 * there is none. The one we know under its pid may have ended unnoticed, and the pid be another's.
 */
static struct mw_member *find_outer_writer(
	struct mw_sampler *sampler, const struct mw_open_image *open, int64_t now_ns)
{
	struct mw_member *member = mw_members_find_live(&sampler->members, open->pid);
	enum mw_writer writer = member == NULL
					? MW_WRITER_AFTER
					: mw_member_compare(&sampler->members, member, open->image);
	if (member != NULL && member->life->pid_namespace != 0)
		return NULL; /* it has that pid for us, but not for itself */
	if (writer != MW_WRITER_AFTER)
		return writer == MW_WRITER_IT ? member : NULL;
	bool has_ended = __atomic_load_n(&open->image->end, __ATOMIC_ACQUIRE) != MWD_END_NONE;
	if (has_ended || (member != NULL && !mw_member_has_ended(member)))
		return NULL;
	member = mw_members_add_if(&sampler->members, open->pid, now_ns, is_of_job, sampler);
	if (member == NULL || member->life->pid_namespace != 0 ||
		mw_member_compare(&sampler->members, member, open->image) != MW_WRITER_IT)
		return NULL;
	return member;
}

static bool has_written(const struct mw_sampler *sampler, const struct mw_member *member,
	const struct mw_open_image *open)
{
	return mw_member_compare(&sampler->members, member, open->image) == MW_WRITER_IT;
}

/* An image that knows no namespace, and may be of ours, too: only who maps it has written it. (A
 * child has inherited that, but has another pid.) */
static struct mw_member *find_mapper(
	const struct mw_sampler *sampler, const struct mw_open_image *open)
{
	struct stat dump;
	if (fstat(sampler->control->fd, &dump) != 0)
		return NULL;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		struct mw_member *member = sampler->members.live[i];
		const struct mw_life *life = member->life;
		if (life->pid_namespace != 0 && life->inner_pid == open->pid &&
			has_written(sampler, member, open) &&
			mw_proc_has_mapped(member->pid, dump.st_ino, open->offset))
			return member;
	}
	return NULL;
}

/*
 * The namespace of an image that knows none: its parent's, if that can be no other's. Return: 0 if
 * it is ours, UNKNOWN if we cannot know.
 */
static uint32_t namespace_of_parent(
	const struct mw_sampler *sampler, const struct mw_open_image *open)
{
	int32_t ppid = open->image->ppid;
	uint32_t only = MW_NAMESPACE_UNKNOWN;
	if (open->pid_namespace == 0 &&
		(ppid == getpid() || mw_lives_latest(&sampler->lives, ppid) != NULL))
		return 0;
	for (size_t i = 0; open->pid != 1 && i < sampler->members.n_live; i++) {
		const struct mw_life *life = sampler->members.live[i]->life;
		if (life->pid_namespace == 0 || life->inner_pid != ppid)
			continue;
		if (only != MW_NAMESPACE_UNKNOWN && only != life->pid_namespace)
			return MW_NAMESPACE_UNKNOWN;
		only = life->pid_namespace;
	}
	return only;
}

static struct mw_member *find_inside(
	const struct mw_sampler *sampler, const struct mw_open_image *open)
{
	if (open->pid_namespace <= MW_NAMESPACE_UNKNOWN)
		return find_mapper(sampler, open);
	const struct mw_life *life =
		mw_lives_latest_inside(&sampler->lives, open->pid_namespace, open->pid);
	return life != NULL && life->member != NULL && has_written(sampler, life->member, open)
		       ? life->member
		       : NULL;
}

/*
 * The same of a process in another pid namespace. Only its parent's list of children leads to it,
 * so all are walked, once for all images that are met together. One that ended by exec has a
 * process still.
 */
static struct mw_member *find_inner_writer(
	struct mw_sampler *sampler, struct mw_open_image *open, int64_t now_ns)
{
	struct mw_member *member = find_inside(sampler, open);
	uint32_t end = __atomic_load_n(&open->image->end, __ATOMIC_ACQUIRE);
	bool may_live = end == MWD_END_NONE || end == MWD_END_EXEC;
	if (member == NULL && may_live && !sampler->has_walked_for_images) {
		sampler->has_walked_for_images = true;
		mw_sampler_walk(sampler, now_ns);
		member = find_inside(sampler, open);
	}
	if (member != NULL || open->pid_namespace > MW_NAMESPACE_UNKNOWN)
		return member;
	open->pid_namespace = namespace_of_parent(sampler, open);
	return open->pid_namespace > MW_NAMESPACE_UNKNOWN ? find_inside(sampler, open) : NULL;
}

/* Orphans of our own namespace come to us, so 1 is nobody's parent there, unless that is us. */
static bool may_be_inside(const struct mw_sampler *sampler, const struct mw_open_image *open)
{
	bool is_asked = open->image->pid_namespace != 0;
	return open->pid_namespace != 0 ||
	       (!is_asked && (sampler->members.are_namespaces ||
				     (open->image->ppid == 1 && getpid() != 1)));
}

/* A process that we do not find, of a parent that we do not know: they are in a namespace whose
 * first ones were not followed, and that is news. */
static bool is_strange(struct mw_sampler *sampler, const struct mw_open_image *open, int64_t now_ns)
{
	int32_t ppid = open->image->ppid;
	if (open->image->pid_namespace != 0 || ppid == getpid() ||
		mw_lives_latest(&sampler->lives, ppid) != NULL ||
		__atomic_load_n(&open->image->end, __ATOMIC_ACQUIRE) != MWD_END_NONE)
		return false;
	if (!sampler->has_walked_for_images)
		mw_sampler_walk(sampler, now_ns);
	sampler->has_walked_for_images = true;
	return mw_lives_latest(&sampler->lives, ppid) == NULL;
}

static struct mw_member *find_writer(
	struct mw_sampler *sampler, struct mw_open_image *open, int64_t now_ns)
{
	bool is_doubtful = may_be_inside(sampler, open);
	if (is_doubtful)
		mw_members_note_namespaces(&sampler->members);
	struct mw_member *member =
		open->pid_namespace == 0 ? find_outer_writer(sampler, open, now_ns) : NULL;
	if (member == NULL && !is_doubtful && is_strange(sampler, open, now_ns)) {
		is_doubtful = true;
		mw_members_note_namespaces(&sampler->members);
	}
	if (member == NULL && is_doubtful)
		member = find_inner_writer(sampler, open, now_ns);
	if (member != NULL)
		open->pid_namespace = member->life->pid_namespace;
	return member;
}

/* The latest of @pid, a number of the namespace that the image is of. */
static struct mw_life *latest_of(
	const struct mw_sampler *sampler, const struct mw_open_image *open, int32_t pid)
{
	return open->pid_namespace == 0
		       ? mw_lives_latest(&sampler->lives, pid)
		       : mw_lives_latest_inside(&sampler->lives, open->pid_namespace, pid);
}

/* What is known of a process of another namespace that was gone: not its pid, but its parent's. */
static void place_unseen(
	struct mw_sampler *sampler, const struct mw_open_image *open, struct mw_life *life)
{
	const struct mw_life *parent = open->pid_namespace != MW_NAMESPACE_UNKNOWN
					       ? latest_of(sampler, open, open->image->ppid)
					       : NULL;
	mw_lives_place(&sampler->lives, life, open->pid_namespace, open->pid);
	life->ppid = parent != NULL ? parent->pid : 0;
}

/* An image whose process was gone before we saw it. */
static struct mw_life *add_unseen(
	struct mw_sampler *sampler, const struct mw_open_image *open, bool is_forked)
{
	bool is_inside = open->pid_namespace != 0;
	struct mw_life *before = latest_of(sampler, open, open->pid);
	/* Of a namespace that is not known, the one before may be another's. */
	bool is_exec = !is_forked && open->pid_namespace != MW_NAMESPACE_UNKNOWN &&
		       before != NULL && before->image_offset != 0 && before->member == NULL &&
		       (!before->has_ended || before->is_exec_end);
	struct mw_life *life =
		is_exec ? mw_lives_add_exec(&sampler->lives, before, open->start_ns)
			: mw_lives_add(&sampler->lives, is_inside ? 0 : open->pid, open->start_ns);
	if (life == NULL || is_exec)
		return life;
	if (is_inside) {
		place_unseen(sampler, open, life);
		return life;
	}
	life->ppid = open->image->ppid;
	if (life->ppid == getpid())
		mw_members_note_zombie(&sampler->members, life);
	return life;
}

static void format_command(const struct mwd_image *image, char text_out[MWD_CMDLINE_BYTES + 1])
{
	size_t n =
		image->cmdline_bytes < MWD_CMDLINE_BYTES ? image->cmdline_bytes : MWD_CMDLINE_BYTES;
	mw_proc_format_command(image->cmdline, n, text_out, MWD_CMDLINE_BYTES + 1);
}

static void on_image_begin(void *context, struct mw_open_image *open)
{
	struct mw_sampler *sampler = context;
	char command[MWD_CMDLINE_BYTES + 1];
	bool is_forked = open->image->flags & MWD_IMAGE_FORKED;
	struct mw_member *member = find_writer(sampler, open, mw_clock_monotonic_ns());
	format_command(open->image, command);
	struct mw_life *life = member != NULL ? mw_member_enter_image(&sampler->members, member,
							open->image, command)
					      : add_unseen(sampler, open, is_forked);
	open->life = life;
	if (life == NULL)
		return;
	life->image_offset = open->offset;
	life->image = open->image;
	if (command[0] != '\0')
		mw_life_set_command(life, command);
}

/* What it told at its end is exact; of one that was killed, samples are all there is. */
static void on_image_end(void *context, const struct mw_open_image *open)
{
	struct mw_sampler *sampler = context;
	struct mw_life *life = open->life;
	const struct mwd_image *image = open->image;
	uint32_t end = __atomic_load_n(&image->end, __ATOMIC_ACQUIRE);
	if (life == NULL)
		return;
	life->image = NULL;
	if (end == MWD_END_NONE)
		return; /* it still runs, and the run is over */
	life->has_ended = true;
	life->is_exec_end = end == MWD_END_EXEC;
	if (end == MWD_END_KILLED || image->vm_hwm_bytes == 0)
		return;
	life->end_ns = image->end_ns;
	life->usage = image->usage;
	life->is_usage_exact = true;
	if (image->n_threads > life->max_threads)
		life->max_threads = image->n_threads;
	life->is_exact = true;
	life->max_rss_bytes = (int64_t)image->vm_hwm_bytes;
	if (life->max_rss_bytes > sampler->own_peak_bytes) {
		sampler->own_peak_bytes = life->max_rss_bytes;
		sampler->own_peak_ns = life->end_ns;
		sampler->own_peak_life = life;
	}
}

/* Asked once: a process that was found alive, but is no member, will not be buried. */
static bool is_pid_gone(int32_t pid)
{
	struct mw_proc_stat stat;
	if (mw_proc_read_stat(pid, &stat))
		return stat.state == 'Z' || stat.state == 'X'; /* X: its parent is reaping it */
	return kill(pid, 0) != 0 && errno == ESRCH;
}

struct search {
	const struct mw_open_image *open;
	uint32_t own_namespace;
};

/* A namespace that either of both does not know can be that of the other. */
static bool has_inner_pid(void *context, int32_t pid)
{
	const struct search *search = context;
	const struct mw_open_image *open = search->open;
	struct mw_proc_stat stat;
	struct mw_inner inner;
	return mw_proc_read_inner(pid, search->own_namespace, &inner) && inner.pid_namespace != 0 &&
	       inner.pid == open->pid &&
	       (inner.pid_namespace == open->pid_namespace ||
		       inner.pid_namespace == MW_NAMESPACE_UNKNOWN ||
		       open->pid_namespace <= MW_NAMESPACE_UNKNOWN) &&
	       mw_proc_read_stat(pid, &stat) && stat.state != 'Z' && stat.state != 'X';
}

/* Of a pid in another namespace only a look at all processes can tell. One that was not asked for
 * its namespace is ours, or another's. */
static bool is_gone(const struct mw_sampler *sampler, const struct mw_open_image *open)
{
	struct search search = { open, sampler->members.own_namespace };
	bool may_be_ours = open->pid_namespace == 0;
	bool may_be_inside =
		may_be_ours ? sampler->members.are_namespaces && open->image->pid_namespace == 0
			    : true;
	return (!may_be_ours || is_pid_gone(open->pid)) &&
	       (!may_be_inside || !mw_proc_visit_all(has_inner_pid, &search));
}

void mw_writers_collect(struct mw_sampler *sampler)
{
	sampler->has_walked_for_images = false;
	mw_images_collect(&sampler->images, sampler->control);
	if (sampler->members.are_namespaces)
		__atomic_store_n(&sampler->control->page->has_pid_namespaces, 1, __ATOMIC_RELAXED);
}

/* Processes that had died before we saw them alive are buried here. */
void mw_writers_meet(struct mw_sampler *sampler, int64_t now_ns)
{
	struct mw_images *images = &sampler->images;
	mw_writers_collect(sampler);
	for (size_t i = images->n_open; i-- > 0;) {
		struct mw_open_image *open = &images->open[i];
		const struct mw_life *life = open->life;
		bool has_writer = open->is_known || (life != NULL && life->member != NULL);
		open->is_known = true;
		if (has_writer || !is_gone(sampler, open))
			continue;
		if (open->pid_namespace == 0)
			mw_images_bury_pid(images, sampler->control, open->pid, now_ns);
		else
			mw_images_bury(images, sampler->control, i, now_ns);
		i = images->n_open; /* the array has moved; the known ones are skipped */
	}
}

void mw_writers_init(struct mw_sampler *sampler)
{
	sampler->images.on_begin = on_image_begin;
	sampler->images.on_end = on_image_end;
	sampler->images.context = sampler;
}
