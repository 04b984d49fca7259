"""Who may ask at all, and who may do what: every rule that the gate asks."""

from __future__ import annotations

from collections.abc import Sequence

from pychron_comms.interfaces import IAccessRule, IActingRule, IAdmissionRule, ICall


class AccessRules:
    """Two lists of rules; each is asked only where it has something to say.

    ``admissions`` hear who asks, before anything of a command is read, so that a stranger learns
    nothing. ``permissions`` hear the command, when it comes and again when it has waited.
    """

    def __init__(
        self,
        admissions: Sequence[IAdmissionRule] = (),
        permissions: Sequence[IAccessRule] = (),
    ) -> None:
        self._admissions = admissions
        self._permissions = permissions
        self._of_reads = [each for each in permissions if not IActingRule.providedBy(each)]

    def admit(self, sender: str) -> None:
        """Errors: 013."""
        for rule in self._admissions:
            rule.admit(sender)

    def check(self, call: ICall) -> None:
        """Errors: 012, 204, 208."""
        for rule in self._of_reads if call.effect.reads else self._permissions:
            rule.check(call)
