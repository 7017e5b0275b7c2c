/* SPDX: no licence chosen yet, see README */
/*
 * truth_cxx.cc - every form of C++ operator new and delete: plain, array, nothrow, aligned, sized,
 * and their combinations, as expressions and as calls; inside templates, lambdas and methods;
 * containers; failures. libstdc++'s operators call malloc: a block must count once, at the line
 * of the new. Sizes of aligned news are multiples of the alignment: libstdc++ rounds others up
 * before it asks malloc.
 */
#include "workloads/truth.h"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace shop
{

struct alignas(128) wide {
	char bytes[256];
};

struct with_cookie {
	int value = 1;
	~with_cookie()
	{
		value = 0;
	}
};

#define BORN(expression, n) truth_born((expression), (n), TRUTH_SITE)
#define DIED(p) truth_died((p), TRUTH_SITE)

TRUTH_NOINLINE void calls()
{
	const std::align_val_t wide_alignment{ 64 };
	void *p = BORN(::operator new(101), 101);

	::operator delete(DIED(p));
	p = BORN(::operator new[](102), 102);
	::operator delete[](DIED(p));
	p = BORN(::operator new(103, std::nothrow), 103);
	::operator delete(DIED(p), std::nothrow);
	p = BORN(::operator new[](104, std::nothrow), 104);
	::operator delete[](DIED(p), std::nothrow);
	p = BORN(::operator new(64, wide_alignment), 64);
	::operator delete(DIED(p), wide_alignment);
	p = BORN(::operator new[](128, wide_alignment), 128);
	::operator delete[](DIED(p), wide_alignment);
	p = BORN(::operator new(192, wide_alignment, std::nothrow), 192);
	::operator delete(DIED(p), wide_alignment, std::nothrow);
	p = BORN(::operator new[](256, wide_alignment, std::nothrow), 256);
	::operator delete[](DIED(p), wide_alignment, std::nothrow);
	p = BORN(::operator new(109), 109);
	::operator delete (DIED(p), std::size_t{ 109 });
	p = BORN(::operator new[](110), 110);
	::operator delete[](DIED(p), std::size_t{ 110 });
	p = BORN(::operator new(320, wide_alignment), 320);
	::operator delete (DIED(p), std::size_t{ 320 }, wide_alignment);
	p = BORN(::operator new[](384, wide_alignment), 384);
	::operator delete[](DIED(p), std::size_t{ 384 }, wide_alignment);
	TRUTH_KEEP_FRAME();
}

TRUTH_NOINLINE void expressions()
{
	auto *one = static_cast<long *>(BORN(new long(5), sizeof(long)));
	auto *many = static_cast<char *>(BORN(new char[1000], 1000));
	auto *big = static_cast<wide *>(BORN(new wide, sizeof(wide)));
	auto *row = static_cast<wide *>(BORN(new wide[3], 3 * sizeof(wide)));
	auto *quiet = static_cast<char *>(BORN(new (std::nothrow) char[77], 77));

	/* The array's length is kept in front of it. */
	const int cookie_line = __LINE__ + 1;
	auto *cookie = new with_cookie[10];
	void *block = reinterpret_cast<char *>(cookie) - sizeof(std::size_t);

	truth_born(block, 10 * sizeof(with_cookie) + sizeof(std::size_t), __func__, cookie_line);
	delete static_cast<long *>(DIED(one));
	delete[] static_cast<char *>(DIED(many));
	delete static_cast<wide *>(DIED(big));
	delete[] static_cast<wide *>(DIED(row));
	delete[] static_cast<char *>(DIED(quiet));
	(void)DIED(block), delete[] cookie;
	TRUTH_KEEP_FRAME();
}

template <typename T> TRUTH_NOINLINE T *make_many(std::size_t n)
{
	T *p = static_cast<T *>(BORN(new T[n], n * sizeof(T)));

	TRUTH_KEEP_FRAME();
	return p;
}

class owner
{
	char *data_ = nullptr;

      public:
	TRUTH_NOINLINE explicit owner(std::size_t n)
	{
		data_ = static_cast<char *>(BORN(new char[n], n));
		TRUTH_KEEP_FRAME();
	}
	owner(const owner &) = delete;
	owner &operator=(const owner &) = delete;
	TRUTH_NOINLINE ~owner()
	{
		delete[] static_cast<char *>(DIED(data_));
		TRUTH_KEEP_FRAME();
	}
};

TRUTH_NOINLINE void shapes()
{
	int *ints = make_many<int>(11);
	double *doubles = make_many<double>(12);
	owner box(1313);
	auto lambda = [](std::size_t n) { return BORN(::operator new(n), n); };
	void *from_lambda = lambda(1414);

	::operator delete(DIED(from_lambda));
	delete[] static_cast<int *>(DIED(ints));
	delete[] static_cast<double *>(DIED(doubles));
	TRUTH_KEEP_FRAME();
}

/* Run alone, with an argument: not in the books (the library's own lines allocate). */
TRUTH_NOINLINE bool library_and_failures()
{
	std::vector<std::string> words;
	volatile std::size_t huge = SIZE_MAX / 4;
	bool caught = false;

	for (int i = 0; i < 1000; i++)
		words.push_back("word number " + std::to_string(i) + " of a long list");
	auto shared = std::make_shared<std::vector<std::string>>(words);

	try {
		::operator delete(::operator new(huge));
	} catch (const std::bad_alloc &) {
		caught = true;
	}
	return caught && !::operator new(huge, std::nothrow) && shared->size() == 1000;
}

} /* namespace shop */

int main(int argc, char **)
{
	if (argc > 1) {
		truth_say(shop::library_and_failures() ? "failures as expected\n" : "WRONG\n");
		return 0;
	}
	shop::calls();
	shop::expressions();
	shop::shapes();
	truth_print("main");
	return 0;
}
