"""Work done ahead of its consumer, in threads, in the order in which it was given."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Task", "ahead"]

Task = Callable[[], Any]

PATIENCE = 5.0  # seconds that the end waits for a task under way; a thread that is stuck in one must not hold the user


def ahead(tasks: Iterator[Task], buffer_size: int, num_workers: int) -> Iterator[Any]:
    """The results of the tasks in order, with at most ``buffer_size`` of them finished or under way and not yet taken.

    An error comes out at its place, with its own traceback. The threads end when the last result or an error is out,
    and when the consumer stops early.
    """
    work = _Work(tasks, buffer_size)
    threads = [threading.Thread(target=work.run, name="pente-prefetch", daemon=True) for _ in range(num_workers)]
    for thread in threads:
        thread.start()
    try:
        yield from work.results()
    finally:
        work.stop()
        for thread in threads:
            thread.join(PATIENCE)


class _Work:
    """What the threads share. ``reading`` guards the tasks, which may take long to come; ``changed`` all the rest."""

    def __init__(self, tasks: Iterator[Task], buffer_size: int) -> None:
        self.tasks = tasks
        self.buffer_size = buffer_size
        self.reading = threading.Lock()
        self.changed = threading.Condition()
        self.done: dict[int, tuple[Any, BaseException | None]] = {}
        self.given = self.taken = 0  # tasks that were read, results that were handed over
        self.end: int | None = None  # how many tasks there are, once that is known
        self.stopped = False

    def run(self) -> None:
        """One thread: read a task, do it, put its result in its place, until there is none or nobody wants it."""
        while (read := self._read()) is not None:
            place, task = read
            try:
                result = (task(), None)
            except BaseException as error:  # noqa: BLE001  it is raised again where the result is taken
                self._put(place, (None, error))
                break
            self._put(place, result)

    def _read(self) -> tuple[int, Task] | None:
        with self.reading:
            with self.changed:
                self.changed.wait_for(lambda: self.stopped or self.given - self.taken < self.buffer_size)
                if self.stopped or self.end is not None:
                    self._close()
                    return None
                place = self.given
            try:
                task = next(self.tasks)
            except StopIteration:
                self._finish(place)
                return None
            except BaseException as error:  # noqa: BLE001
                self._put(place, (None, error))
                self._finish(place + 1)
                return None
            with self.changed:
                self.given += 1
            return place, task

    def _put(self, place: int, result: tuple[Any, BaseException | None]) -> None:
        with self.changed:
            self.done[place] = result
            self.changed.notify_all()

    def _finish(self, end: int) -> None:
        with self.changed:
            self.end = end
            self.changed.notify_all()

    def _close(self) -> None:
        """Let the tasks go, so that what they hold, such as threads of another stage, ends as well."""
        close = getattr(self.tasks, "close", None)
        if close is not None:
            close()

    def results(self) -> Iterator[Any]:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.taken in self.done or self.taken == self.end)
                if self.taken not in self.done:
                    return
                result, error = self.done.pop(self.taken)
                self.taken += 1
                self.changed.notify_all()
            if error is not None:
                raise error
            yield result

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
