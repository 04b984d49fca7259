"""What ``twistd --help`` shows of this package."""

from pychron_comms.process.service_maker import QuickServiceMaker

pychron_server = QuickServiceMaker(
    "pychron-server",
    "pychron_comms.server.tap",
    "Take commands from a laboratory's programs.",
    "pychron-server",
)

pychron_processor = QuickServiceMaker(
    "pychron-processor",
    "pychron_comms.processor.tap",
    "Own a laboratory's hardware and run its commands.",
    "pychron-processor",
)

pychron_qtegra = QuickServiceMaker(
    "pychron-qtegra",
    "pychron_comms.qtegra_server.tap",
    "Answer Qtegra's clients, simulating an instrument.",
    "pychron-qtegra",
)
