"""What ``twistd --help`` shows of this package."""

from twisted.application.service import ServiceMaker

pychron_server = ServiceMaker(
    "pychron-server",
    "pychron_comms.server.tap",
    "Take commands from a laboratory's programs.",
    "pychron-server",
)

pychron_processor = ServiceMaker(
    "pychron-processor",
    "pychron_comms.processor.tap",
    "Own a laboratory's hardware and run its commands.",
    "pychron-processor",
)

pychron_qtegra = ServiceMaker(
    "pychron-qtegra",
    "pychron_comms.qtegra_server.tap",
    "Answer Qtegra's clients, simulating an instrument.",
    "pychron-qtegra",
)
