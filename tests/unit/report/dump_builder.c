/* SPDX: no licence chosen yet, see README */
/*
 * dump_builder.c - a dump in memory for the tests of report/.
 */
#include "tests/unit/report/dump_builder.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void must(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "dump_builder: %s\n", what);
	abort();
}

static uint8_t *map_guarded(uint64_t n_bytes)
{
	uint64_t mapped = (n_bytes + MWD_PAGE - 1) / MWD_PAGE * MWD_PAGE + MWD_PAGE;
	uint8_t *bytes =
		mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(bytes != MAP_FAILED, "mmap");
	must(mprotect(bytes + mapped - MWD_PAGE, MWD_PAGE, PROT_NONE) == 0, "mprotect");
	return bytes;
}

struct mwd_control *mw_build_control(struct mw_build *build)
{
	return (struct mwd_control *)build->bytes;
}

static uint64_t claim(struct mw_build *build, uint64_t n_bytes)
{
	uint64_t offset = build->n_bytes;
	build->n_bytes += (n_bytes + MWD_PAGE - 1) / MWD_PAGE * MWD_PAGE;
	build->bytes = realloc(build->bytes, build->n_bytes);
	must(build->bytes != NULL, "realloc");
	memset(build->bytes + offset, 0, build->n_bytes - offset);
	mw_build_control(build)->next_offset = build->n_bytes;
	mw_build_control(build)->allocated_end = build->n_bytes;
	return offset;
}

void mw_build_start(struct mw_build *build, uint32_t options)
{
	static const uint8_t magic[8] = MWD_MAGIC_BYTES;
	*build = (struct mw_build){ .bytes = calloc(1, MWD_PAGE), .n_bytes = MWD_PAGE };
	must(build->bytes != NULL, "calloc");
	struct mwd_control *control = mw_build_control(build);
	memcpy(control->magic, magic, sizeof(magic));
	control->version = MWD_VERSION;
	control->control_bytes = MWD_PAGE;
	control->options = options;
	control->max_frames = 256;
	control->heap_epoch = 1;
	control->rss_epoch = 1;
	control->next_offset = MWD_PAGE;
	control->allocated_end = MWD_PAGE;
}

void mw_build_free(struct mw_build *build)
{
	free(build->bytes);
	build->bytes = NULL;
}

struct mwd_image *mw_build_head(struct mw_build *build, uint64_t image)
{
	return (struct mwd_image *)(build->bytes + image);
}

static struct mwd_segment *add_segment(struct mw_build *build, uint64_t image, uint16_t kind,
	uint16_t header_bytes, uint64_t content_bytes)
{
	uint64_t offset = claim(build, header_bytes + content_bytes);
	struct mwd_segment *segment = (struct mwd_segment *)(build->bytes + offset);
	*segment = (struct mwd_segment){ .magic = MWD_SEGMENT_MAGIC,
		.kind = kind,
		.header_bytes = header_bytes,
		.bytes = build->n_bytes - offset,
		.image = image };
	return segment;
}

uint64_t mw_build_image(struct mw_build *build, int pid, int ppid, const char *cmdline)
{
	struct mwd_image *head = (struct mwd_image *)add_segment(
		build, build->n_bytes, MWD_SEGMENT_IMAGE, sizeof(struct mwd_image), 0);
	struct mwd_control *control = mw_build_control(build);
	head->prev_image = control->images_head;
	control->images_head = head->segment.image;
	head->node_base = head->record_base = head->module_base = 1;
	head->pid = pid;
	head->ppid = ppid;
	head->start_ns = 1000 * ++control->n_images;
	head->heap_epoch = 1;
	head->n_threads = 1;
	snprintf(
		head->exe, sizeof(head->exe), "/usr/bin/%.*s", (int)strcspn(cmdline, " "), cmdline);
	head->cmdline_bytes = (uint32_t)strlen(cmdline) + 1;
	for (size_t i = 0; cmdline[i]; i++)
		head->cmdline[i] = cmdline[i] == ' ' ? '\0' : cmdline[i];
	return head->segment.image;
}

uint64_t mw_build_fork(
	struct mw_build *build, uint64_t parent, int pid, uint32_t node_base, uint32_t module_base)
{
	uint64_t image = mw_build_image(build, pid, mw_build_head(build, parent)->pid, "forked");
	struct mwd_image *head = mw_build_head(build, image);
	head->flags |= MWD_IMAGE_FORKED;
	head->parent_image = parent;
	head->node_base = node_base;
	head->module_base = module_base;
	return image;
}

void mw_build_module(struct mw_build *build, uint64_t image, uint32_t id, uint8_t build_id_byte,
	const char *path)
{
	uint32_t bytes =
		(uint32_t)(sizeof(struct mwd_log_module) + strlen(path) + 1 + 7) & ~UINT32_C(7);
	struct mwd_segment *segment =
		add_segment(build, image, MWD_SEGMENT_LOG, sizeof(*segment), bytes);
	struct mwd_log_module *module = (struct mwd_log_module *)(segment + 1);
	module->entry = (struct mwd_log_entry){ .bytes = bytes, .type = MWD_LOG_MODULE };
	module->id = id;
	module->build_id_bytes = build_id_byte ? 20 : 0;
	memset(module->build_id, build_id_byte, module->build_id_bytes);
	module->path_bytes = (uint32_t)strlen(path);
	memcpy(module->path, path, strlen(path));
}

void mw_build_exec(struct mw_build *build, uint64_t image, int pid, int64_t time_ns,
	uint32_t verdict, int error, const char *path)
{
	uint32_t bytes =
		(uint32_t)(sizeof(struct mwd_log_exec) + strlen(path) + 1 + 7) & ~UINT32_C(7);
	struct mwd_segment *segment =
		add_segment(build, image, MWD_SEGMENT_LOG, sizeof(*segment), bytes);
	struct mwd_log_exec *exec = (struct mwd_log_exec *)(segment + 1);
	*exec = (struct mwd_log_exec){ .entry = { .bytes = bytes, .type = MWD_LOG_EXEC },
		.time_ns = time_ns,
		.pid = pid,
		.error = error,
		.verdict = verdict,
		.path_bytes = (uint32_t)strlen(path) };
	memcpy(exec->path, path, strlen(path));
}

void mw_build_nodes(struct mw_build *build, uint64_t image, uint32_t first_id,
	const struct mw_build_node *nodes, uint32_t n)
{
	struct mwd_segment *segment = add_segment(
		build, image, MWD_SEGMENT_NODES, sizeof(*segment), n * sizeof(struct mwd_node));
	segment->first_id = first_id;
	segment->capacity = n;
	segment->element_bytes = sizeof(struct mwd_node);
	struct mwd_node *to = (struct mwd_node *)(segment + 1);
	for (uint32_t i = 0; i < n; i++)
		to[i] = (struct mwd_node){ .parent = nodes[i].parent,
			.module = nodes[i].module,
			.kind = nodes[i].kind ? nodes[i].kind : MWD_NODE_NATIVE,
			.value = nodes[i].value };
}

void mw_build_records(
	struct mw_build *build, uint64_t image, const struct mwd_record *records, uint32_t n)
{
	struct mwd_segment *segment =
		add_segment(build, image, MWD_SEGMENT_RECORDS, 128, n * sizeof(*records));
	segment->first_id = 1;
	segment->capacity = n;
	segment->element_bytes = sizeof(*records);
	struct mwd_record *to = (struct mwd_record *)((uint8_t *)segment + 128);
	for (uint32_t i = 0; i < n; i++) {
		to[i] = records[i];
		to[i].is_used = 1;
	}
}

int mw_build_run(const struct mw_build *build, uint64_t n_bytes, struct mw_run *run_out,
	struct mw_diag *diag)
{
	memset(run_out, 0, sizeof(*run_out));
	if (n_bytes == 0)
		n_bytes = build->n_bytes;
	uint8_t *bytes = map_guarded(n_bytes);
	memcpy(bytes, build->bytes, n_bytes);
	run_out->bytes = (struct mw_span){ bytes, n_bytes };
	run_out->directory = strdup("built");
	run_out->info_problem = mw_run_info_parse(NULL, 0, &run_out->info);
	return mw_dump_parse(run_out->bytes, "built", &run_out->dump, diag);
}

void mw_build_profile(struct mw_profile *profile, struct mw_build *const *builds, size_t n)
{
	memset(profile, 0, sizeof(*profile));
	for (size_t i = 0; i < n; i++) {
		struct mw_run run;
		struct mw_diag diag = { "" };
		must(mw_build_run(builds[i], 0, &run, &diag) == 0, diag.text);
		must(mw_profile_add_run(profile, &run) == 0, "mw_profile_add_run");
	}
	must(mw_profile_merge(profile) == 0, "mw_profile_merge");
	must(mw_profile_resolve(profile, NULL, NULL, NULL) == 0, "mw_profile_resolve");
	must(mw_profile_aggregate(profile) == 0, "mw_profile_aggregate");
}

void mw_build_big(struct mw_build *build)
{
	struct mw_build_node nodes[600];
	struct mwd_record records[200];
	for (uint32_t i = 0; i < 600; i++)
		nodes[i] = (struct mw_build_node){ i % 20 ? i : 0, (uint16_t)(1 + i % 3),
			0x1000 + i * 16,
			i % 20 ? 0 : (uint8_t)(i % 40 ? MWD_NODE_MARKER : MWD_NODE_JIT) };
	for (uint32_t i = 0; i < 200; i++)
		records[i] = (struct mwd_record){ .node = i * 3,
			.class = (uint16_t)(i % MWD_N_CLASSES),
			.size_class = (uint8_t)(i % 7 ? 0 : i),
			.allocated_bytes = 1000 * i,
			.allocated_blocks = i,
			.freed_bytes = 400 * i,
			.freed_blocks = i / 2,
			.max_total_bytes = 5000 * i,
			.epoch = { i % 2, i % 3, i % 2 },
			.peak_bytes = { i, 2 * i, 3 * i },
			.peak_blocks = { 1, 1, 1 },
			.freed_here_bytes = 100 * i };
	mw_build_start(build, MWD_OPT_FREE_STACKS);
	uint64_t root = mw_build_image(build, 100, 1, "make -j2 all");
	for (uint32_t id = 1; id <= 3; id++)
		mw_build_module(build, root, id, (uint8_t)id, id == 1 ? "/bin/true" : "/lib/x.so");
	mw_build_nodes(build, root, 1, nodes, 600);
	mw_build_records(build, root, records, 200);
	mw_build_exec(build, root, 101, 1500, MWD_VERDICT_STATIC, 0, "/sbin/ldconfig");
	mw_build_exec(build, root, 103, 1500, MWD_VERDICT_FOLLOWED, 0, "/usr/bin/cc");
	uint64_t child = mw_build_fork(build, root, 101, 601, 4);
	mw_build_nodes(build, child, 601, nodes, 40);
	mw_build_records(build, child, records, 100);
	uint64_t grandchild = mw_build_fork(build, child, 102, 641, 4);
	mw_build_records(build, grandchild, records, 50);
	mw_build_image(build, 102, 101, "cc1 -quiet x.c");
	mw_build_control(build)->heap_peak_bytes = 100000;
	mw_build_control(build)->rss_peak_bytes = 200000;
	mw_build_control(build)->sample_bytes = 4096;
}
