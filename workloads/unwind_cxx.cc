/* SPDX: no licence chosen yet, see README */
/*
 * unwind_cxx.cc - C++ frames: exceptions with allocation on their way, virtual and lambda calls,
 * library templates, thread-local destructors. Run under --check-unwinder=1 by
 * tests/integration/test_unwind.py; prints a checksum.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define KEEP __attribute__((noinline))

static thread_local unsigned long sum;

static KEEP void allocate(std::size_t bytes)
{
	std::unique_ptr<char[]> block(new char[bytes]);
	block[0] = 1;
	sum += bytes;
}

/* Destroyed while the exception is on its way up, in frames that are half gone. */
struct guard {
	unsigned n;
	explicit guard(unsigned n) : n(n)
	{
		allocate(10 + n);
	}
	~guard()
	{
		std::string text(40 + n, 'x');
		allocate(text.size());
	}
};

struct failure : std::runtime_error {
	std::vector<int> data;
	explicit failure(unsigned n)
	    : std::runtime_error("failed with " + std::string(n, 'y')), data(n + 1)
	{
		allocate(20 + n);
	}
	~failure() override
	{
		allocate(30);
	}
};

struct shape {
	virtual ~shape() = default;
	virtual KEEP unsigned area(unsigned depth) = 0;
};
static KEEP unsigned fail_at(unsigned depth, unsigned kind);

struct left : virtual shape {
	KEEP unsigned area(unsigned depth) override
	{
		guard here(depth);
		return fail_at(depth, 1);
	}
};
struct other {
	virtual ~other() = default;
	int value = 3;
};
struct both : other, left { /* called through a thunk */
	KEEP unsigned area(unsigned depth) override
	{
		allocate(depth + 1);
		return left::area(depth) + (unsigned)value;
	}
};

static KEEP unsigned rethrow(unsigned depth)
{
	try {
		return fail_at(depth, 3);
	} catch (failure &error) {
		allocate(error.data.size());
		throw;
	}
}

static KEEP unsigned fail_at(unsigned depth, unsigned kind)
{
	guard here(kind);
	if (depth == 0)
		throw failure(kind);
	switch ((depth + kind) % 5) {
	case 0: {
		auto object = std::make_unique<both>();
		shape *as_shape = object.get();
		return as_shape->area(depth - 1);
	}
	case 1: {
		std::function<unsigned(unsigned)> next = [kind](unsigned n) {
			return fail_at(n, kind + 1);
		};
		return next(depth - 1) + 1;
	}
	case 2:
		return rethrow(depth - 1) + 2;
	case 3: {
		std::vector<std::string> words(depth + 2, std::string(30, 'z'));
		std::sort(
			words.begin(), words.end(), [](const std::string &a, const std::string &b) {
				return std::string(a + b).size() > a.size() * 3;
			});
		return fail_at(depth - 1, kind) + (unsigned)words.size();
	}
	default:
		return fail_at(depth - 1, kind + 2);
	}
}

static KEEP void no_way_out(unsigned depth) noexcept
{
	guard here(depth);
	fail_at(depth, 1);
}

struct per_thread {
	std::map<int, std::string> names;
	~per_thread()
	{
		allocate(90);
		names.clear();
		std::string last(100, 'w');
		allocate(last.size());
	}
};

static void in_thread(unsigned n, unsigned long *result)
{
	static thread_local per_thread mine;
	for (unsigned i = 0; i < n; i++)
		mine.names[(int)i] = std::string(50 + i, 'v');
	try {
		fail_at(n, n);
	} catch (const std::exception &error) {
		allocate(std::string(error.what()).size());
	}
	*result = sum;
}

int main(int argc, char **)
{
	for (unsigned depth = 0; depth < 40; depth++) {
		for (unsigned kind = 0; kind < 5; kind++) {
			try {
				fail_at(depth, kind);
			} catch (failure &error) {
				allocate(error.data.size());
			}
		}
	}
	for (unsigned i = 0; i < 6; i++) {
		unsigned long result = 0;
		std::thread(in_thread, i, &result).join();
		sum += result;
	}
	std::printf("%lu\n", sum);
	std::fflush(stdout);
	if (argc > 1) {
		std::set_terminate([] {
			allocate(70);
			std::_Exit(9);
		});
		no_way_out(5);
	}
	return 0;
}
