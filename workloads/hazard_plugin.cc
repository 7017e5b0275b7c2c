/* SPDX: no licence chosen yet, see README */
/*
 * hazard_plugin.cc - for hazard_loader: a library whose constructor waits for a thread that uses
 * mmap and operator new for the first time in the process, while dlopen holds the loader's lock.
 */
#include <cstddef>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

struct alignas(64) wide {
	char bytes[64];
};

static wide *volatile sink;

static void *work(void *unused)
{
	void *pages = mmap(nullptr, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages, 65536);
	sink = new wide;
	delete sink;
	return unused;
}

__attribute__((constructor)) static void wait_for_thread()
{
	pthread_t thread;
	pthread_create(&thread, nullptr, work, nullptr);
	pthread_join(thread, nullptr);
}

/* Return: 1 when operator new throws what it cannot give, and nothrow returns null. */
extern "C" int fails_well()
{
	volatile std::size_t bytes = static_cast<std::size_t>(-1) / 4;
	if (new (std::nothrow) char[bytes])
		return 0;
	try {
		operator delete(operator new(bytes));
	} catch (const std::bad_alloc &) {
		return 1;
	}
	return 0;
}
