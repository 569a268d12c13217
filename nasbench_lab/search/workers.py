"""Several simulated workers: each has a clock, and requests are scheduled on those that are free."""

import heapq
import math
import time
from typing import Any

from nasbench_lab.errors import AlgorithmError, UsageError
from nasbench_lab.search.answers import Answers
from nasbench_lab.search.contract import Evaluation, Finished, Query, SearchProcess, Share, Start
from nasbench_lab.search.history import History, Limits
from nasbench_lab.spaces.base import Architecture

Running = tuple[float, int, Any, Architecture, Evaluation]
"""An evaluation in flight: the time of its end, its number, the query, the architecture, the evaluation."""


class Workers:
    """Simulated workers that evaluate at the same time.

    An evaluation occupies the worker that is free first for its seconds. A batch goes on when its last
    evaluation has ended. A started query does not wait: the algorithm is told as soon as a worker is free.
    Evaluations are recorded in the order in which they end. Those that begin before the budget is spent are
    the last ones.

    Args:
        count: number of workers.
        answers: to the requests.
        limits: of the search; a budget of seconds is a limit on the clock.
        history: the evaluations, with the clock at their ends.
    """

    def __init__(self, count: int, answers: Answers, limits: Limits, history: History) -> None:
        self._answers = answers
        self._limits = limits
        self._history = history
        self._ends = history.keep_clock()
        self._now = 0.0
        self._free = [0.0] * count  # when each worker is free, as a heap
        self._running: list[Running] = []  # as a heap
        self._begun = 0  # all evaluations that began
        self._counted = 0  # those of them that train an architecture
        self._epochs = 0  # training epochs charged
        self._in_a_row = 0  # evaluations without cost
        self._over = False

    def answer(self, process: SearchProcess, request: Any) -> None:
        """Answer request after request; returns at the end of the budget.

        Started queries that are in flight when the algorithm returns are recorded, too.
        """
        try:
            while not self._over:
                reply = self._reply(request)
                self._over = self._over or self._is_spent()
                if not self._over:
                    request = process.send(reply)
        finally:
            while self._running and not self._is_late():
                self._finish()

    def _reply(self, request: Any) -> Any:
        if type(request) is Start:
            self._begin(request.query)
            if self._over or len(self._running) < len(self._free):
                return None
            _, _, query, _, evaluation = self._finish()
            return Finished(query, evaluation)
        if self._running:
            raise AlgorithmError(
                f"the algorithm yielded {request!r:.80} while started queries are running; an algorithm that"
                " starts queries yields nothing but Start"
            )
        if type(request) is Share:
            shared = self._answers.share(request)
            self._limits.note_idle(shared.seconds, self._counted)
            self._wait_until(self._now + shared.seconds)
            return shared
        return self._evaluate(request)

    def _evaluate(self, request: Any) -> Any:
        """The evaluation of an architecture or a query, or those of a batch, once the last one has ended."""
        batch = request if type(request) is list else (request,)
        if not batch:
            raise AlgorithmError("the algorithm yielded an empty list; yield at least one architecture")
        if len(batch) > 1:
            left = self._limits.evaluations - self._counted
            self._answers.prepare(batch if left == math.inf else batch[: int(left)])
        replies = []
        for query in batch:
            evaluation = self._begin(query)
            if evaluation is None:
                break
            replies.append(evaluation)
        while self._running and not self._is_late():
            self._finish()
        self._wait_until(self._now)
        return replies if batch is request else replies[0] if replies else None

    def _begin(self, query: Any) -> Evaluation | None:
        """Begin an evaluation on the worker that is free first; None if the budget is spent by then."""
        begin = max(self._free[0], self._now)
        limits = self._limits
        if self._all_begun() or begin >= limits.seconds:
            self._over = True
            return None
        evaluation, charged = self._answers.evaluate(query)
        if limits.discard and self._epochs + charged > limits.epochs:
            self._over = True
            return None
        self._epochs += charged
        if evaluation.epochs:
            self._counted += 1
            if limits.may_be_endless:
                self._in_a_row = 0 if evaluation.seconds > 0 else self._in_a_row + 1
                limits.check_endless(self._in_a_row)
        else:
            limits.note_idle(evaluation.seconds, self._counted)
        end = begin + evaluation.seconds
        heapq.heapreplace(self._free, end)
        architecture = query.architecture if type(query) is Query else query
        heapq.heappush(self._running, (end, self._begun, query, architecture, evaluation))
        self._begun += 1
        return evaluation

    def _finish(self) -> Running:
        """Record the evaluation that ends next, and set the clock to its end."""
        ended = heapq.heappop(self._running)
        self._now, _, _, architecture, evaluation = ended
        if self._limits.discard and self._now > self._limits.seconds:
            self._over = True
            self._running.clear()
            return ended
        self._history.architectures.append(architecture)
        self._history.evaluations.append(evaluation)
        self._ends.append(self._now)
        if evaluation.valid_accuracy >= self._limits.target:
            self._over = True
            self._running.clear()
        return ended

    def _all_begun(self) -> bool:
        """Whether the budget allows no further evaluation to begin, whatever the clock says."""
        return self._counted >= self._limits.evaluations or self._epochs >= self._limits.epochs

    def _is_spent(self) -> bool:
        """Whether the search is over, because nothing is in flight and nothing may begin."""
        ended = not self._running and (self._all_begun() or self._now >= self._limits.seconds)
        return ended or self._is_late()

    def _is_late(self) -> bool:
        """Whether the real time is over, so that nothing more is recorded, whatever is in flight."""
        return self._limits.deadline < math.inf and time.monotonic() >= self._limits.deadline

    def _wait_until(self, now: float) -> None:
        """Set the clock, and let no worker begin before it."""
        self._now = now
        self._free = [max(free, now) for free in self._free]
        heapq.heapify(self._free)


def check_workers(workers: int, charges_seconds: bool, task: str) -> None:
    """Raise `UsageError` if workers cannot be simulated: without seconds, there is no order of ends."""
    if workers > 1 and not charges_seconds:
        raise UsageError(
            f"{task} lists no training times, so {workers} workers cannot be simulated; use workers 1"
        )
