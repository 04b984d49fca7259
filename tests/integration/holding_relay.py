"""A relay that holds back what it is given, and passes it on later, as a bad line may."""

from __future__ import annotations

import contextlib
import socket
import threading

HOST = "127.0.0.1"


class HoldingRelay:
    """Between who connects to ``address`` and who listens at ``target``, which may be told later.

    What was held back is passed on all the same when it is released, also of a connection whose
    other end has gone meanwhile.
    """

    def __init__(self) -> None:
        self._target: tuple[str, int] = (HOST, 0)
        self._passes = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._sockets: list[socket.socket] = []
        self._is_closed = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, target: tuple[str, int]) -> None:
        """Begin to pass on."""
        self._target = target
        self.release()

    def hold(self) -> None:
        """Pass on nothing from now on."""
        self._passes.clear()

    def release(self) -> None:
        """Pass on all that was held back, and what comes."""
        self._passes.set()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        self.release()
        # Closing alone does not end who waits in accept or recv.
        for each in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        if not self._keep(near):
            return
        self._passes.wait()
        try:
            far = socket.create_connection(self._target)
        except OSError:
            near.close()
            return
        if not self._keep(far):
            return
        threading.Thread(target=self._pass_on, args=(far, near), daemon=True).start()
        self._pass_on(near, far)

    def _keep(self, connection: socket.socket) -> bool:
        """To be closed with the others; at once, and False, where these have been."""
        with self._lock:
            if not self._is_closed:
                self._sockets.append(connection)
                return True
        connection.close()
        return False

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._passes.wait()
                sink.sendall(data)
        self._passes.wait()
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
