"""What waits for one manager: the senders take turns, and each one's commands keep their order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from pychron_comms.interfaces import ICall
from pychron_comms.processor.execution.jobs import Job

_Lane = OrderedDict[Job, None]


class WaitingJobs:
    """Jobs in lanes, one for each sender; whoever has a hundred here holds up another's by one.

    Each job leaves in constant time.
    """

    __slots__ = ("_lanes", "_reads", "jobs")

    def __init__(self) -> None:
        #: In the order in which they came, each with what it reads; for others to look at. Each
        #: command asks whether there are any.
        self.jobs: OrderedDict[Job, Hashable] = OrderedDict()
        # Those that read the same, since the last one came that acts.
        self._reads: dict[Hashable, dict[Job, None]] = {}
        # Whose turn it is comes first.
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    def of(self, sender: str) -> int:
        """How many are that sender's."""
        return len(self._lanes.get(sender, ()))

    def add(self, job: Job) -> None:
        """One more waits."""
        job.place = self
        if job.execution is None:
            question = self.jobs[job] = job.call.question
            self._reads.setdefault(question, {})[job] = None
        else:
            self.jobs[job] = None
            self._reads.clear()
        self._lanes.setdefault(job.call.sender, OrderedDict())[job] = None

    def remove(self, job: Job) -> None:
        """It waits no more."""
        question = self.jobs.pop(job)
        same = self._reads.get(question)
        if same is not None and job in same:
            del same[job]
            if not same:
                del self._reads[question]
        sender = job.call.sender
        lane = self._lanes[sender]
        del lane[job]
        if not lane:
            del self._lanes[sender]

    def next(self) -> Job | None:
        """The one whose turn it is, taken away; None where none waits."""
        for lane in self._lanes.values():
            return self._taken(next(iter(lane)))
        return None

    def next_read(self) -> Job | None:
        """The same among those that do not act."""
        for lane in self._lanes.values():
            for job in lane:
                if job.execution is None:
                    return self._taken(job)
        return None

    def same_read(self, call: ICall) -> Job | None:
        """One that answers this call too; not one from before a change, nor one behind others'."""
        question = call.question
        if question is None:
            return None
        for job in reversed(self._reads.get(question, {})):
            if self._is_as_soon(job, call.sender):
                return job
        return None

    def _is_as_soon(self, job: Job, sender: str) -> bool:
        """Whether it comes no later than one of that sender would, and in his order."""
        if job.call.sender == sender:
            return True
        return sender not in self._lanes and next(iter(self._lanes[job.call.sender])) is job

    def _taken(self, job: Job) -> Job:
        sender = job.call.sender
        self._lanes.move_to_end(sender)
        job.leave_place()
        return job
