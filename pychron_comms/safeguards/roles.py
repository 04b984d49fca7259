"""What the holders of certificates may do, and everybody else."""

from __future__ import annotations

from collections.abc import Mapping

from zope.interface import implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import NotPermittedError, SecurityError
from pychron_comms.interfaces import IActingRule, IAdmissionRule, ICall
from pychron_comms.transport.peer_identity import name_of
from pychron_comms.wire.context import ADMIN, OBSERVE, OPERATE, ROLES, least_role

#: Stands for every name that is not listed.
ANY_NAME = "*"


@implementer(IAdmissionRule, IActingRule)
class Roles:
    """``names`` gives a role to each name of a certificate; ``others`` have no certificate.

    A certificate that is not listed, by its name or by ``*``, is refused like an unknown computer,
    as soon as any is listed.
    """

    def __init__(self, names: Mapping[str, str], others: str = OPERATE) -> None:
        self._names = names
        self._others = others
        self._somebody_observes = OBSERVE in {others, *names.values()}

    @property
    def admits_everybody(self) -> bool:
        """Whether no name is listed."""
        return not self._names

    def admit(self, sender: str) -> None:
        if not self._names:
            return
        name = name_of(sender)
        if name and not {name, ANY_NAME} & self._names.keys():
            raise SecurityError(sender)

    def check(self, call: ICall) -> None:
        if call.effect.reads or not (self._somebody_observes or call.context.role):
            return
        role = least_role(self.role_of(call.sender), call.context.role)
        if role == OBSERVE:
            raise NotPermittedError(f"{call.name}; {call.sender} may only look")

    def is_admin(self, sender: str, role: str = "") -> bool:
        """Whether it may overrule others; ``role`` is the most that is allowed where it came in."""
        return least_role(self.role_of(sender), role) == ADMIN

    def role_of(self, sender: str) -> str:
        name = name_of(sender)
        if not name:
            return self._others
        return self._names.get(name, self._names.get(ANY_NAME, OPERATE))


EVERYONE_OPERATES = Roles({})


def read_roles(table: Table) -> Roles:
    """From the section ``[access]`` of a configuration. Raises ConfigError."""
    section = table.table("access")
    below = section.table("roles")
    return Roles(
        {name: below.choice(name, ROLES) for name in below},
        section.choice("without_certificate", ROLES, OPERATE),
    )
