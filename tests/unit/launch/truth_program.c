/* SPDX: no licence chosen yet, see README */
/* truth_program.c - the least program; linked in every way whose verdict test_inspect.c checks. */
int main(void)
{
	return 0;
}
