/* SPDX: no licence chosen yet, see README */
/* cache.c - a word counter with a cache that forgets to let go: every tenth entry is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *word;
	char *upper;
};

static struct entry *entry_create(const char *word)
{
	struct entry *entry = malloc(sizeof *entry);

	entry->word = strdup(word);
	entry->upper = malloc(4096);
	snprintf(entry->upper, 4096, "%s!", word);
	return entry;
}

static void entry_destroy(struct entry *entry)
{
	free(entry->word);
	free(entry->upper);
	free(entry);
}

static void look_up(int i)
{
	char word[32];

	snprintf(word, sizeof word, "word%d", i);
	struct entry *entry = entry_create(word);

	if (i % 10 == 0) {
		free(entry->word);
		free(entry); /* forgets entry->upper */
		return;
	}
	entry_destroy(entry);
}

int main(void)
{
	for (int i = 0; i < 10000; i++)
		look_up(i);
	puts("done");
	return 0;
}
