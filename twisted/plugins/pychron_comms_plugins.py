"""What ``twistd --help`` shows of this package."""

from twisted.application.service import ServiceMaker

pychron_server = ServiceMaker(
    "pychron-server",
    "pychron_comms.server.tap",
    "Take commands from a laboratory's programs to the processor that owns the hardware.",
    "pychron-server",
)

pychron_processor = ServiceMaker(
    "pychron-processor",
    "pychron_comms.processor.tap",
    "Own a laboratory's hardware and run the commands that servers send.",
    "pychron-processor",
)

pychron_qtegra = ServiceMaker(
    "pychron-qtegra",
    "pychron_comms.qtegra.tap",
    "Answer Qtegra's clients for a simulated mass spectrometer.",
    "pychron-qtegra",
)
