"""``pychron-ask scan``: a peak scan as CSV and as a picture.

On a terminal it shows how far it is; in a pipe each point is a line of CSV. The exit status is
that of ``pychron-ask``: 1 where Qtegra refuses, 2 for no connection or a mistake in the call.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pychron_comms.client.command_line.output import ANSWERED, FAILED, Output, status_of
from pychron_comms.client.command_line.scan_output import PointWriter
from pychron_comms.client.command_line.which_laboratory import another_laboratory, for_another
from pychron_comms.client.plot import PlotUnavailableError, check_plot, plot_scan
from pychron_comms.client.qtegra.microcontroller import QtegraMicrocontroller
from pychron_comms.client.qtegra.peaks import PeakError
from pychron_comms.client.qtegra.sweep import Scan
from pychron_comms.client.reaching import laboratory_at, qtegra_of, server_of
from pychron_comms.client.scans import scan
from pychron_comms.client.spectrometer import (
    ArgusSpectrometer,
    HelixSFTSpectrometer,
    HelixSpectrometer,
    QtegraSpectrometer,
)
from pychron_comms.client.waiting import WaitError
from pychron_comms.config.here import LABORATORY
from pychron_comms.errors import CommandError
from pychron_comms.process.arguments import Parser

DEFAULT_SERVER = "udp:127.0.0.1:1069"

Blocking = QtegraSpectrometer[QtegraMicrocontroller]

INSTRUMENTS: Mapping[str, type[Blocking]] = {
    "argus-vi": ArgusSpectrometer,
    "helix-mc": HelixSpectrometer,
    "helix-sft": HelixSFTSpectrometer,
}


def main(argv: Sequence[str]) -> int:
    """``argv`` without the verb."""
    parser = Parser(
        prog="pychron-ask scan",
        description="Scan peaks over the field of a spectrometer's magnet, through Qtegra.",
        allow_abbrev=False,
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


def add_arguments(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "-s",
        "--server",
        metavar="ENDPOINT",
        default="",
        help=f"default: where {LABORATORY} in this folder serves Qtegra's clients, "
        f"or {DEFAULT_SERVER}",
    )
    add("--instrument", choices=list(INSTRUMENTS), default="argus-vi", help="default: argus-vi")
    add(
        "--detector",
        action="append",
        default=[],
        metavar="NAME",
        help="may be given again; default: all",
    )
    add("--from", type=float, required=True, dest="start", metavar="VOLTS", help="the first field")
    add("--to", type=float, required=True, dest="stop", metavar="VOLTS", help="the last field")
    add("--step", type=float, required=True, metavar="VOLTS", help="from one point to the next")
    add("--settle", type=float, metavar="SECONDS", help="at each; default: 2 integration times")
    add("--integration", type=float, metavar="SECONDS", help="set for the scan, then as it was")
    add("--timeout", type=float, default=2.0, metavar="SECONDS", help="for a reply; default 2")
    add("--plot", metavar="FILE", help="draw it, as .png or .svg")
    add("--title", default="", help="of the plot")
    parser.add_version()


def run(args: argparse.Namespace) -> int:
    """The exit status."""
    output = Output(sys.stdout, sys.stderr)
    try:
        if not args.server and (other := _find_server(args)):
            output.error("scan", other)
            output.note(for_another(args.server, "pychron-ask scan"))
            return status_of(other)
        if args.plot is not None:
            check_plot(args.plot)
        output.note(
            f"from {args.start:g} V to {args.stop:g} V by {args.step:g} V; Ctrl-C ends it and "
            "moves the magnet back"
        )
        result = _scanned(args)
        _tell_peaks(result, output)
        if args.plot is not None:
            plot_scan(result, args.plot, args.title)
            output.note(f"drawn: {args.plot}")
    except CommandError as error:
        output.note(str(error))
        return status_of(error)
    except (ValueError, WaitError, PlotUnavailableError) as error:
        output.note(str(error))
        return FAILED
    except KeyboardInterrupt:
        output.note("interrupted")
        return FAILED
    return ANSWERED


def _find_server(args: argparse.Namespace) -> CommandError | None:
    """Where nobody has said which: of the laboratory whose folder this is, if it serves one.

    Answers what another laboratory says that has its ports: Qtegra's words cannot name one.
    """
    file = Path(LABORATORY)
    own = qtegra_of(file)
    args.server = own or DEFAULT_SERVER
    lines = server_of(file, ("System", "*")) if own else ""
    laboratory = laboratory_at(lines, file)
    return another_laboratory(lines, laboratory, args.timeout) if laboratory else None


def _scanned(args: argparse.Namespace) -> Scan:
    microcontroller = QtegraMicrocontroller.at(args.server, args.timeout)
    spectrometer = INSTRUMENTS[args.instrument](microcontroller)
    with (
        _integrating(spectrometer, args.integration),
        PointWriter(sys.stdout, sys.stderr, spectrometer.unit) as writer,
    ):
        return scan(
            spectrometer,
            args.start,
            args.stop,
            args.step,
            args.detector,
            settle=args.settle,
            progress=writer.write,
        )


@contextmanager
def _integrating(spectrometer: Blocking, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    before = spectrometer.integration_time()
    spectrometer.set_integration_time(seconds)
    try:
        yield
    finally:
        spectrometer.set_integration_time(before)


def _tell_peaks(result: Scan, output: Output) -> None:
    for name, unit in result.units.items():
        try:
            peak = result.peak(name)
        except PeakError as error:
            output.note(f"{name}: no peak: {error}")
        else:
            output.note(
                f"{name}: centre {peak.center:.5f} V, width {1000 * peak.width:.2f} mV, "
                f"height {peak.height:.5g} {unit}"
            )
