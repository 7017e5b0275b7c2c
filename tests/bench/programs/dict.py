"""dict.py N - a dictionary of N strings and lists: many small objects that stay."""

import sys

table = {}
for number in range(int(sys.argv[1])):
    table[str(number)] = [number, str(number * 7)]
print(sum(len(pair[1]) for pair in table.values()))
