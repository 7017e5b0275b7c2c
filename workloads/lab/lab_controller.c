/* SPDX: no licence chosen yet, see README */
/* lab_controller.c - compression asked for from outside. See lab_controller.h. */
#include "workloads/lab/lab_controller.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "workloads/lab/lab_arena.h"

enum { ENROLL = 1, COMPRESS_ACK = 2 };

struct enroll {
	uint32_t type, pid;
	char name[32];
	uint32_t use_mem_arena, arena_cap_mb, arena_min_savings_pct, region_mb;
};

struct compress_ack {
	uint32_t type, pid;
	char name[32];
	uint64_t event_ns, trigger_count, total_input_bytes_attempted, chunks_admitted;
	uint64_t logical_input_bytes, compressed_bytes_live, pool_bytes_live, pool_bytes_free;
	uint64_t pool_compactions, compress_ops, decompress_ops, evictions_lru;
	uint64_t incompressible_chunks;
};

static volatile sig_atomic_t is_asked;

static void note(int signal)
{
	(void)signal;
	is_asked = 1;
}

void lab_controller_watch(void)
{
	struct sigaction action = { .sa_handler = note };
	sigaction(SIGUSR1, &action, NULL);
}

int lab_controller_is_asked(void)
{
	int was_asked = is_asked;
	if (was_asked)
		is_asked = 0;
	return was_asked;
}

/* Return: 0 or errno. */
static int send_datagram(const void *bytes, size_t n_bytes)
{
	const char *path = lab_arena_options.controller_sock;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;
	if (fd < 0 || sendto(fd, bytes, n_bytes, MSG_DONTWAIT, (struct sockaddr *)&address,
			      sizeof(address)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

void lab_controller_enroll(const char *workload, int region_mb)
{
	struct enroll message = { .type = ENROLL,
		.pid = (uint32_t)getpid(),
		.use_mem_arena = 1,
		.arena_cap_mb = (uint32_t)lab_arena_options.cap_mb,
		.arena_min_savings_pct = (uint32_t)lab_arena_options.min_savings_pct,
		.region_mb = (uint32_t)region_mb };
	snprintf(message.name, sizeof(message.name), "%s", workload);
	errno = send_datagram(&message, sizeof(message));
	if (errno != 0)
		lab_die(lab_arena_options.controller_sock);
}

void lab_controller_acknowledge(
	const char *workload, uint64_t n_triggers, const struct mem_arena_stats *stats)
{
	struct compress_ack message = { .type = COMPRESS_ACK,
		.pid = (uint32_t)getpid(),
		.event_ns = (uint64_t)lab_now_ns(),
		.trigger_count = n_triggers,
		.total_input_bytes_attempted = stats->total_input_bytes_attempted,
		.chunks_admitted = stats->chunks_admitted,
		.logical_input_bytes = stats->logical_input_bytes,
		.compressed_bytes_live = stats->compressed_bytes_live,
		.pool_bytes_live = stats->pool_bytes_live,
		.pool_bytes_free = stats->pool_bytes_free,
		.pool_compactions = stats->pool_compactions,
		.compress_ops = stats->compress_ops,
		.decompress_ops = stats->decompress_ops,
		.evictions_lru = stats->evictions_lru,
		.incompressible_chunks = stats->incompressible_chunks };
	snprintf(message.name, sizeof(message.name), "%s", workload);
	send_datagram(&message, sizeof(message));
}
