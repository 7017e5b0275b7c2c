/* SPDX: no licence chosen yet, see README */
/*
 * memwatch.h - mark what a program does, for the report of memwatch-preload. For C and C++ programs
 * that are profiled; needs no library and no link flag. Without the profiler (and in programs it
 * cannot follow) every call does nothing.
 *
 *     memwatch_task_begin("load");            C: the bytes that this thread allocates until the
 *     ...                                     end are the region's own; the highest memory of the
 *     memwatch_task_end("load");              process meanwhile is its peak
 *     memwatch_task_instant("half way");      a moment in time
 *     memwatch::task region("load");          C++: until the end of the scope
 *
 * Other languages call the functions memwatch_begin, memwatch_end and memwatch_instant, each of one
 * string, if dlsym(RTLD_DEFAULT, ...) finds them: examples/tasks has Python's way.
 *
 * Regions nest, and can be used in every thread, in signal handlers too; a region belongs to the
 * thread that began it, and ends at fork in the child. An end closes the innermost open region of
 * its name, and what is still open in it; without one it is ignored. Names are copied, up to 255
 * bytes; all regions of one name in one region around them are one task. NULL ends the innermost.
 */
#ifndef MEMWATCH_H
#define MEMWATCH_H

#include <stddef.h>

/* Weak: absent in static programs. Asked instead of weak references to our functions, which the
 * linker takes for 0 in executables that are not position independent. */
#ifdef __cplusplus
extern "C" {
#endif
static void *memwatch_dlsym(void *handle, const char *name) __attribute__((weakref("dlsym")));
#ifdef __cplusplus
}
#endif

typedef void memwatch_function(const char *name);

/* Look @symbol up at the first call. @known: 0 = not asked yet; an address; or 1 = there is none.
 */
__attribute__((unused)) static inline void memwatch_call(
	size_t *known, const char *symbol, const char *name)
{
	size_t address = __atomic_load_n(known, __ATOMIC_RELAXED);
	if (address == 0) {
		address = memwatch_dlsym ? (size_t)memwatch_dlsym(NULL, symbol) : 0;
		address = address ? address : 1;
		__atomic_store_n(known, address, __ATOMIC_RELAXED);
	}
	if (address != 1)
		((memwatch_function *)address)(name);
}

__attribute__((unused)) static inline void memwatch_task_begin(const char *name)
{
	static size_t known;
	memwatch_call(&known, "memwatch_begin", name);
}

__attribute__((unused)) static inline void memwatch_task_end(const char *name)
{
	static size_t known;
	memwatch_call(&known, "memwatch_end", name);
}

__attribute__((unused)) static inline void memwatch_task_instant(const char *name)
{
	static size_t known;
	memwatch_call(&known, "memwatch_instant", name);
}

#ifdef __cplusplus
namespace memwatch
{

/* A region as long as the object lives. @name must live as long. */
class task
{
      public:
	explicit task(const char *name) : name_(name)
	{
		memwatch_task_begin(name_);
	}
	~task()
	{
		memwatch_task_end(name_);
	}

      private:
	task(const task &); /* none */
	task &operator=(const task &);
	const char *name_;
};

} // namespace memwatch
#endif

#endif
