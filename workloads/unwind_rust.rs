// unwind_rust.rs - Rust frames: generics, closures, trait objects, threads, a panic that is caught
// while values with destructors unwind. Run under --check-unwinder=1 by
// tests/integration/test_unwind.py; prints a checksum.
use std::collections::BTreeMap;
use std::panic;
use std::thread;

struct Guard(usize);

impl Drop for Guard {
    fn drop(&mut self) {
        let text = "x".repeat(self.0 + 10);
        std::hint::black_box(&text);
    }
}

trait Visit {
    fn visit(&self, depth: usize) -> usize;
}

struct Leaf(Vec<usize>);
struct Inner(Vec<Box<dyn Visit>>);

impl Visit for Leaf {
    fn visit(&self, depth: usize) -> usize {
        let copy: Vec<usize> = self.0.iter().map(|n| n + depth).collect();
        copy.iter().sum()
    }
}

impl Visit for Inner {
    #[inline(never)]
    fn visit(&self, depth: usize) -> usize {
        let _guard = Guard(depth);
        let sums: Vec<usize> = self.0.iter().map(|child| child.visit(depth + 1)).collect();
        sums.into_iter().sum()
    }
}

fn tree(depth: usize) -> Box<dyn Visit> {
    if depth == 0 {
        return Box::new(Leaf((0..5).collect()));
    }
    Box::new(Inner((0..3).map(|_| tree(depth - 1)).collect()))
}

#[inline(never)]
fn fail_at(depth: usize) -> usize {
    let guard = Guard(depth);
    if depth == 0 {
        panic!("{}", format!("failed {}", guard.0));
    }
    fail_at(depth - 1) + guard.0
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    let mut sum = tree(5).visit(0);
    for depth in 0..30 {
        sum += panic::catch_unwind(|| fail_at(depth)).is_err() as usize;
    }
    let threads: Vec<_> = (0..3)
        .map(|i| thread::spawn(move || tree(3).visit(i)))
        .collect();
    for one in threads {
        sum += one.join().unwrap();
    }
    let mut map = BTreeMap::new();
    for i in 0..500usize {
        map.insert(format!("{}", i * 7919 % 1000), vec![i; i % 17]);
    }
    sum += map.values().map(|v| v.len()).sum::<usize>();
    println!("{sum}");
}
