/* cc1's smallest input: what a compiler costs before it compiles. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int sum = 0;
	for (int i = 1; i < argc; i++)
		sum += atoi(argv[i]);
	printf("%d\n", sum);
	return sum == 0;
}
