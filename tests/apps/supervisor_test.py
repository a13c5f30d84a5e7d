"""What a service manager is told: ready once the stream can be found, stopping at the end. By path and by abstract name."""

import socket

import programs
from programs import WATCHDOG

SMALL = ["--shape", "8x8", "--dtype", "uint8", "--count", "1"]


class Notifications(programs.ProgramTest):
    def listen(self, address):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.settimeout(WATCHDOG)
        listener.bind(address)
        return listener

    def tell(self, address):
        """Programs started from now on are to notify this address."""
        self.environment["NOTIFY_SOCKET"] = address.replace("\0", "@")

    def test_the_producer_is_ready_when_its_stream_can_be_found(self):
        address = self.path("notify")
        listener = self.listen(address)
        self.tell(address)
        producer = self.produce(*SMALL, "--stream", "told", "--wait-for", "1")
        ready, status = listener.recv(4096).decode().split("\n")
        self.assertEqual(ready, "READY=1")
        self.assertRegex(status, r"^STATUS=stream 'told' on ipc://")
        del self.environment["NOTIFY_SOCKET"]
        self.consume("--stream", "told").finish()
        self.assertEqual(listener.recv(4096), b"STOPPING=1")
        producer.finish()

    def test_the_consumer_is_ready_when_it_is_there_and_stops_when_told_to(self):
        address = f"\0arraywire-{self.directory}"
        listener = self.listen(address)
        self.tell(address)
        consumer = self.consume("--stream", "silent")
        self.assertEqual(listener.recv(4096), b"READY=1\nSTATUS=takes silent")
        consumer.popen.terminate()
        self.assertEqual(listener.recv(4096), b"STOPPING=1")
        consumer.finish()

    def test_nobody_to_tell_is_no_fault(self):
        for address in ("", "@", "relative", "/nowhere/at/all", f"{self.directory}/" + "x" * 200):
            with self.subTest(address):
                self.tell(address)
                self.produce(*SMALL, "--stream", "untold", "--wait-for", "0").finish()


if __name__ == "__main__":
    programs.main()
