/* SPDX: no licence chosen yet, see README */
/* marks.c - see marks.h. */
#include "report/ingest/marks.h"

#include <errno.h>
#include <string.h>

#include "report/util/format.h"

enum what { BEGIN, END, INSTANT, N_WHATS };

struct line {
	int64_t time_ns;
	int32_t ppid;
	uint32_t pid_namespace;
	enum what what;
	char *name;
};

/* A non-negative number and the comma behind it. */
static bool read_number(char **at, int64_t *out)
{
	char *end;
	errno = 0;
	long long number = strtoll(*at, &end, 10);
	if (end == *at || *end != ',' || errno != 0 || number < 0)
		return false;
	*out = number;
	*at = end + 1;
	return true;
}

static bool read_line(char *text, struct line *line_out)
{
	static const char *const whats[N_WHATS] = { "begin,", "end,", "instant," };
	int64_t pid, ppid, pid_namespace = 0;
	if (!read_number(&text, &line_out->time_ns) || !read_number(&text, &pid) ||
		!read_number(&text, &ppid) || ppid > INT32_MAX)
		return false;
	if (*text >= '0' && *text <= '9' &&
		(!read_number(&text, &pid_namespace) || pid_namespace > UINT32_MAX))
		return false;
	line_out->ppid = (int32_t)ppid;
	line_out->pid_namespace = (uint32_t)pid_namespace;
	for (unsigned i = 0; i < N_WHATS; i++) {
		size_t n = strlen(whats[i]);
		if (strncmp(text, whats[i], n) != 0)
			continue;
		line_out->what = (enum what)i;
		line_out->name = text + n;
		mw_format_clean(line_out->name);
		return true;
	}
	return false;
}

static struct mw_mark *find_open(struct mw_marks *marks, const struct line *line, bool is_any_shell)
{
	for (size_t i = marks->items.n; i-- > 0;) {
		struct mw_mark *mark = &marks->items.items[i];
		bool is_its_shell =
			mark->ppid == line->ppid && mark->pid_namespace == line->pid_namespace;
		if (mark->is_open && (is_any_shell || is_its_shell) &&
			strcmp(mark->name, line->name) == 0)
			return mark;
	}
	return NULL;
}

static void close_mark(struct mw_marks *marks, const struct line *line)
{
	struct mw_mark *mark = find_open(marks, line, false);
	if (!mark)
		mark = find_open(marks, line, true);
	if (!mark) {
		marks->n_unbalanced++;
		return;
	}
	mark->is_open = false;
	mark->end_ns = line->time_ns > mark->start_ns ? line->time_ns : mark->start_ns;
}

static int add_line(struct mw_marks *marks, const struct line *line)
{
	if (line->what == END) {
		close_mark(marks, line);
		return 0;
	}
	struct mw_mark *mark = mw_array_push(&marks->items);
	if (!mark)
		return -ENOMEM;
	*mark = (struct mw_mark){ .name = line->name,
		.ppid = line->ppid,
		.pid_namespace = line->pid_namespace,
		.is_instant = line->what == INSTANT,
		.is_open = line->what == BEGIN,
		.start_ns = line->time_ns,
		.end_ns = line->what == INSTANT ? line->time_ns : 0 };
	return 0;
}

int mw_marks_parse(char *text, size_t n_bytes, struct mw_marks *marks_out)
{
	*marks_out = (struct mw_marks){ .text = text };
	int error = 0;
	if (!text)
		return 0;
	char *at = text, *end = text + n_bytes;
	for (char *line_end; !error && (line_end = memchr(at, '\n', (size_t)(end - at)));) {
		struct line line;
		*line_end = '\0';
		if (read_line(at, &line))
			error = add_line(marks_out, &line);
		else
			marks_out->n_bad_lines++;
		at = line_end + 1;
	}
	marks_out->n_bad_lines += at != end && !error; /* cut */
	return error;
}

void mw_marks_deinit(struct mw_marks *marks)
{
	mw_array_deinit(&marks->items);
	free(marks->text);
	*marks = (struct mw_marks){ 0 };
}
