"""What each exchangeable part promises. No logic here.

Every error named in this package is a class of ``pychron_comms.errors``; it is raised, or is the
failure of the Deferred, and never a return value. "Later" means that a method may return its
answer, a Deferred of it, or be ``async``.
"""

from pychron_comms.interfaces.commands import (
    ALWAYS,
    NEVER,
    SOMETIMES,
    Effect,
    ICall,
    IDescribedHandler,
    InTerms,
    IRepeatableCall,
    IRequestHandler,
    Move,
    Part,
)
from pychron_comms.interfaces.lasers import (
    ILaserManager,
    IUVLaserManager,
    Position,
    Snapshot,
)
from pychron_comms.interfaces.later import ReplyToCome
from pychron_comms.interfaces.managers import (
    IChiller,
    IConvertsValues,
    IDevice,
    IExtractionLineManager,
    IFlag,
    IForetells,
    IGaugeController,
    IKnowsInterlocks,
    IMakesSafe,
    IPneumatics,
    IReactorManager,
    IRunReport,
    ISafeWidth,
    IScriptRunner,
    PipetteCount,
    ValveStatus,
)
from pychron_comms.interfaces.observation import (
    IKnowsProof,
    IShowsState,
    Reading,
    Severity,
    Source,
)
from pychron_comms.interfaces.road import (
    ICommandRepeater,
    IHardware,
    IHardwareGate,
    IKnownRead,
    IRequestHandlerFactory,
)
from pychron_comms.interfaces.safeguards import (
    IAccessRule,
    IActingRule,
    IAdmissionRule,
    IFence,
    IJournal,
    ISafeguards,
    ISystemLock,
    Lease,
)
from pychron_comms.interfaces.spectrometer import (
    Intensity,
    ISpectrometer,
)

__all__ = [
    "ALWAYS",
    "NEVER",
    "SOMETIMES",
    "Effect",
    "IAccessRule",
    "IActingRule",
    "IAdmissionRule",
    "ICall",
    "IChiller",
    "ICommandRepeater",
    "IConvertsValues",
    "IDescribedHandler",
    "IDevice",
    "IExtractionLineManager",
    "IFence",
    "IFlag",
    "IForetells",
    "IGaugeController",
    "IHardware",
    "IHardwareGate",
    "IJournal",
    "IKnownRead",
    "IKnowsInterlocks",
    "IKnowsProof",
    "ILaserManager",
    "IMakesSafe",
    "IPneumatics",
    "IReactorManager",
    "IRepeatableCall",
    "IRequestHandler",
    "IRequestHandlerFactory",
    "IRunReport",
    "ISafeWidth",
    "ISafeguards",
    "IScriptRunner",
    "IShowsState",
    "ISpectrometer",
    "ISystemLock",
    "IUVLaserManager",
    "InTerms",
    "Intensity",
    "Lease",
    "Move",
    "Part",
    "PipetteCount",
    "Position",
    "Reading",
    "ReplyToCome",
    "Severity",
    "Snapshot",
    "Source",
    "ValveStatus",
]
