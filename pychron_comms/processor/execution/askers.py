"""Who waits for which job of a queue, and for how long."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, ExpiredError, OutcomeUnknownError
from pychron_comms.processor.execution.execution import Event
from pychron_comms.processor.execution.jobs import Asker, Job

#: Keeps a job from beginning: all who wait for it fail with the error, where it has not begun;
#: whether that is so.
Prevent = Callable[[Job, Event, CommandError], bool]


class Askers:
    """Answers each asker once: with the job's end, or with what became of it when his time is over.

    That is 202 where the job has not begun, which then never does where nobody else waits for it;
    201 where it runs. What makes safe is done for whoever asked: his time begins with it.
    ``abandon`` is told of a job for which nobody waits any more, when its own time is over too.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, prevent: Prevent, abandon: Callable[[Job], None]
    ) -> None:
        self._clock = clock
        self._prevent = prevent
        self._abandon = abandon
        self._jobs: dict[Deferred[str], Job] = {}

    def ask(self, job: Job, seconds: float) -> Deferred[str]:
        """The answer to one who waits so long, from now on."""
        answer = self.ask_safe(job, seconds)
        job.askers[answer].timer = self._clock.callLater(seconds, self._give_up, answer)
        return answer

    def ask_safe(self, job: Job, seconds: float) -> Deferred[str]:
        """The same, from ``begin_time`` on: nobody is told 201 of what has not begun."""
        answer: Deferred[str] = Deferred(self._leave)
        job.askers[answer] = Asker(answer, seconds)
        self._jobs[answer] = job
        return answer

    def begin_time(self, job: Job) -> None:
        """Those who wait for what makes safe give it their time from now on."""
        late = self._clock.seconds() - job.until
        if late > 0:
            self._log.warn("{name} begins {late:.1f} s late", name=job.call.name, late=late)
        for answer, asker in job.askers.items():
            asker.timer = self._clock.callLater(asker.seconds, self._give_up, answer)

    def forget(self, answer: Deferred[str]) -> bool:
        """Drop the job of this answer where it has not begun; False where it has.

        False, too, where it makes safe: that is done for whoever asked.
        """
        job = self._jobs.get(answer)
        if job is None:
            return False
        error = ExpiredError(f"{job.call.name}: who asked has gone")
        return self._withdraw(answer, job, Event.FORGET, error)

    def settle(self, job: Job, result: str | Failure) -> None:
        """All who wait for it have their answer."""
        askers, job.askers = job.askers, {}
        for answer in askers:
            del self._jobs[answer]
        for answer, asker in askers.items():
            if answer.called:
                # What another has heard was this one's end too.
                asker.leave()
            else:
                asker.settle(result)

    def expire_late(self, job: Job) -> None:
        """Their timers are due, and have not come yet: this process has stood still meanwhile."""
        now = self._clock.seconds()
        for answer, asker in list(job.askers.items()):
            if asker.timer is not None and asker.timer.getTime() <= now:
                self._give_up(answer)

    def _withdraw(self, answer: Deferred[str], job: Job, event: Event, error: CommandError) -> bool:
        """One asker fails with ``error`` where it has not begun; whether that is so."""
        if job.call.safe:
            return False
        if len(job.askers) == 1:
            return self._prevent(job, event, error)
        if job.work is not None:
            return False
        del self._jobs[answer]
        job.askers.pop(answer).settle(Failure(error))
        return True

    def _leave(self, answer: Deferred[str]) -> None:
        """Who asked waits no more; what nobody waits for is not begun."""
        job = self._jobs.pop(answer, None)
        if job is None:
            return  # it is being answered
        job.askers.pop(answer).leave()
        if job.askers or job.call.safe:
            return
        if not self._prevent(job, Event.FORGET, ExpiredError(job.call.name)):
            self._abandon_in_time(job)

    def _give_up(self, answer: Deferred[str]) -> None:
        job = self._jobs[answer]
        name, asker = job.call.name, job.askers[answer]
        if self._withdraw(answer, job, Event.EXPIRE, ExpiredError(name)):
            return
        if job.execution is not None and not job.execution.begun:
            # It makes safe, and its thread has still to take it.
            asker.timer = self._clock.callLater(asker.seconds, self._give_up, answer)
            return
        if job.execution is not None:
            job.execution.lose()
        del self._jobs[answer]
        del job.askers[answer]
        told = f"{name} did not end in {asker.seconds:g} s"
        if job.waits_for:
            told += f": {job.waits_for} began before it and still runs; it is done again then"
        asker.settle(Failure(OutcomeUnknownError(told)))
        if not job.askers:
            self._abandon_in_time(job)

    def _abandon_in_time(self, job: Job) -> None:
        """Nobody waits for it; what acts may end all the same, as long as its own time lasts."""
        left = job.until - self._clock.seconds()
        if left > 0 and job.execution is not None:
            job.patience = self._clock.callLater(left, self._abandon, job)
        else:
            self._abandon(job)
