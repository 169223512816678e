"""The wait between two contenders."""

import time

SETTLE_SECONDS = 0.001
SETTLE_TRIES = 50
IDLE = 0.1  # processors kept busy by this process while it only sleeps: its threads have stopped spinning


def settle():
    """Thread pools spin for a while in wait of more work, which would be the next contender's loss."""
    for _ in range(SETTLE_TRIES):
        process, start = time.process_time(), time.perf_counter()
        time.sleep(SETTLE_SECONDS)
        if time.process_time() - process < IDLE * (time.perf_counter() - start):
            return
