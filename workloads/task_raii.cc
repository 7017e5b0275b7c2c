// SPDX: no licence chosen yet, see README
// task_raii.cc - memwatch.h's C++ class: regions that end with their scope, by return, by
// exception.
#include <memory>
#include <new>
#include <stdexcept>

#include "preload/memwatch.h"

static char *volatile kept;

static void leave_by_exception()
{
	memwatch::task region("exception");
	std::unique_ptr<char[]> block(new char[30000]);
	throw std::runtime_error("out");
}

static char *leave_by_return()
{
	memwatch::task region("return");
	return new char[20000];
}

int main()
{
	memwatch::task outer("outer");
	for (int i = 0; i < 3; i++) {
		try {
			leave_by_exception();
		} catch (const std::runtime_error &) {
		}
	}
	kept = leave_by_return();
	delete[] kept;
	kept = new char[10];
	return 0;
}
