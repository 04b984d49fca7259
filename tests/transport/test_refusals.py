"""How the other end of TLS says that it takes no such certificate, and what is no word of that."""

from __future__ import annotations

import ssl
from pathlib import Path

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.tls.refusals import IdentityRefusedError, refused_identity
from pychron_comms.transport.tls.strings import parse_client


def of_ssl(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "as OpenSSL says it")
    error.reason = reason  # type: ignore[assignment]
    return error


def of_pyopenssl(reason: str) -> SSL.Error:
    return SSL.Error([("SSL routines", "", reason), ("more", "", "of it")])


class RefusalTests(SynchronousTestCase):
    def test_each_that_says_so(self) -> None:
        for word in (
            "tlsv13 alert certificate required",
            "sslv3 alert bad certificate",
            "sslv3 alert unsupported certificate",
            "sslv3 alert certificate revoked",
            "sslv3 alert certificate expired",
            "sslv3 alert certificate unknown",
            "tlsv1 alert unknown ca",
            "tlsv1 alert access denied",
            "sslv3 alert handshake failure",
        ):
            self.assertTrue(refused_identity(of_pyopenssl(word)), word)
            self.assertTrue(refused_identity(of_ssl(word.upper().replace(" ", "_"))), word)

    def test_who_is_refused_is_told_words_that_give_a_certificate(self) -> None:
        _, _, words = str(IdentityRefusedError()).partition(": ")
        given = parse_client(words.replace("PORT", "1061"))
        self.assertEqual((given.host, given.files.certificate), ("HOST", Path("FILE")))

    def test_what_says_something_else(self) -> None:
        for error in (
            None,
            of_ssl("UNEXPECTED_EOF_WHILE_READING"),
            of_ssl(None),
            of_pyopenssl("unexpected eof while reading"),
            SSL.Error(),
            SSL.Error([]),
            ConnectionResetError(104, "certificate required"),
            ValueError("certificate required"),
            KeyError(None),
        ):
            self.assertFalse(refused_identity(error), repr(error))
