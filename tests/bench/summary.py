"""summary.py - from single measurements to medians, and to what they mean beside no profiler.

Ratios are of medians of one run of the benchmark; a figure that was not measured is None, and
everything computed from it is None, too.
"""

import statistics


class Summary:
    """Medians of a result (the JSON of bench.py), asked by case and tool name."""

    def __init__(self, result):
        self.result = result
        self.cases = {case["name"]: case for case in result["cases"]}

    def of_kind(self, *kinds):
        return [case for case in self.cases.values() if case["kind"] in kinds]

    def runs(self, case, tool):
        return self.cases.get(case, {}).get("runs", {}).get(tool, [])

    def median(self, case, tool, figure):
        values = [run[figure] for run in self.runs(case, tool) if figure in run]
        return statistics.median(values) if values else None

    def ns_per_event(self, case, tool, clock="cpu_ns"):
        """CPU time an event costs; with wall_ns, the reciprocal of all threads' throughput."""
        values = [run[clock] / run["events"] for run in self.runs(case, tool) if run.get("events")]
        return statistics.median(values) if values else None

    def added_ns(self, case, tool):
        """CPU ns an event costs more than without any profiler."""
        mine, bare = self.ns_per_event(case, tool), self.ns_per_event(case, "bare")
        return None if mine is None or bare is None else mine - bare

    def times_less(self, case, tool="peak", other="heaptrack"):
        """How many times what @tool adds does @other add? None below what can be told apart."""
        mine, theirs = self.added_ns(case, tool), self.added_ns(case, other)
        return None if mine is None or theirs is None or mine < 0.1 else theirs / mine

    def ratio(self, case, tool, figure="wall_ns"):
        mine, bare = self.median(case, tool, figure), self.median(case, "bare", figure)
        return None if mine is None or not bare else mine / bare

    def scaling(self, pattern, depth, threads, tool):
        """Events a second with this many threads, over those with one."""
        one = self.ns_per_event(f"{pattern}-{depth}", tool, "wall_ns")
        many = self.ns_per_event(f"{pattern}-{depth}-t{threads}", tool, "wall_ns")
        return None if not one or not many else one / many

    def added_kib(self, case, tool):
        mine, bare = (self.median(case, which, "target_kib") for which in (tool, "bare"))
        return None if mine is None or bare is None else mine - bare
