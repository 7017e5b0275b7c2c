/* SPDX: no licence chosen yet, see README */
/*
 * atomic.h - atomics named by their order. Each use says what it pairs with. Generic over
 * integer and pointer types of up to 8 bytes.
 */
#pragma once

#define mw_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define mw_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define mw_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define mw_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define mw_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define mw_add_acq_rel(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define mw_exchange_acq_rel(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
/* *expected is updated on failure, as the builtin does. */
#define mw_cas_acq_rel(p, expected, v)                                                             \
	__atomic_compare_exchange_n((p), (expected), (v), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
/* Keeps the compiler from moving accesses across: orders us against our own signal handlers. */
#define mw_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
