"""Blocks of replications: which are computed together, and where their rows lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.engine import blocks, store
from experiments.engine.blocks import Shelf, Task


@given(st.sets(st.integers(0, 60), max_size=50), st.integers(1, 6), st.sampled_from([1, 2, 4, 8]))
def test_blocks_are_all_tasks_in_order_and_within_their_multiple(replications, workers, largest):
    todo = [Task(k, (0, k // 20), k % 30 == 0) for k in sorted(replications)]
    found = blocks.blocks(todo, workers, largest)
    assert [task for block in found for task in block] == todo
    for block in found:
        assert [task.replication - block[0].replication for task in block] == list(
            range(len(block))
        )
        assert len({task.replication // largest for task in block}) == 1
        assert len({(task.missing, task.incidents) for task in block}) == 1


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("n", [1, 2, 5, 10, 64, 200])
def test_no_worker_waits_for_long_at_the_end(n, workers):
    todo = [Task(k, (0,), True) for k in range(n)]
    sizes = [len(block) for block in blocks.blocks(todo, workers, 8)]
    busy_until = [0] * workers
    for size in sizes:
        busy_until[busy_until.index(min(busy_until))] += size
    assert max(busy_until) - min(busy_until) <= 1
    assert len(sizes) <= n / 8 + 8 * workers


def test_large_studies_are_kept_in_small_blocks():
    assert blocks.largest_block(10, 10, 627_000) == blocks.LARGEST == 8
    assert blocks.largest_block(2, 1, 20_000) == 8
    assert blocks.largest_block(30, 10, 627_000) == 2
    assert blocks.largest_block(10, 10, 17_000_000) == 1


def test_shelf_knows_shards_by_their_paths():
    shards = [store.Shard("costs", 16 * "a", 0, 5), store.Shard("incidents", "", 3, 3)]
    paths = [shard.path for shard in shards]
    assert [blocks.shard_at(path) for path in paths] == shards
    for path in ("costs.parquet", "shards/other/000000-000001.parquet", paths[0] + ".tmp"):
        assert blocks.shard_at(path) is None
    shelf = Shelf([*paths, "columns.csv"])
    assert shelf.holds("costs", 16 * "a", 5)
    assert not shelf.holds("costs", 16 * "a", 6)
    assert not shelf.holds("costs", 16 * "b", 5)
    assert list(shelf.pieces("costs", [16 * "a"], [1, 2, 4])) == [(shards[0], (1, 2, 4))]
    assert list(shelf.pieces("incidents", [16 * "a"], [3])) == [(shards[1], (3,))]
