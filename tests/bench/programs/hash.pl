# hash.pl N - a hash of N strings: perl takes every one of them from malloc.
use strict;
use warnings;

my ($n) = @ARGV;
my (%table, $sum);
$table{"key $_"} = 'value ' . $_ * 7 for 1 .. $n;
$sum += length $table{$_} for keys %table;
print "$sum\n";
