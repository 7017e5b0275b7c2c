/* SPDX: no licence chosen yet, see README */
/*
 * stack_children.h - the first few children of each node of the stack tree, in lists. Zone;
 * account.
 *
 * Nearly all nodes have few, and a new stack is mostly a chain of new nodes under an old one: lists
 * by node id are written in order, where an index by hash misses the cache for each node. Who has
 * more children than fit here keeps them elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * mw_children_find() - the child of @parent that was added as @key
 * @parent:      node id, not 0
 * @is_full_out: no more can be added to @parent
 *
 * Context: zone; lock-free; signal-safe. Return: its node id, 0 when it is not here.
 */
uint32_t mw_children_find(uint32_t parent, uint64_t key, bool *is_full_out);

/** mw_children_add() - @id is a child of @parent; two threads may add the same content twice. */
void mw_children_add(uint32_t parent, uint32_t id, uint64_t key);
