"""Streams shared between users, in Python."""

import os
import unittest

from case import WATCHDOG, Case, main

import arraywire

SERVER, READER, STRANGER, GROUP = 61001, 61002, 61003, 62001  # nobody has these

SERVING = f"""
import os, sys
import numpy, arraywire
os.setgroups([])
os.setuid({SERVER})
with arraywire.Publisher('shared', history=1, allow_users=[{READER}], allow_groups=[{GROUP}]) as publisher:
    publisher.publish(numpy.arange(1000))
    print('serving', flush=True)
    sys.stdin.readline()
"""

READING = """
import os, sys
import numpy, arraywire
os.setgroups([int(sys.stdin.readline())])
os.setuid(int(sys.stdin.readline()))
with arraywire.Context(**eval(sys.stdin.readline())) as context, arraywire.Subscriber('shared', context) as subscriber:
    try:
        sample = subscriber.take(float(sys.stdin.readline()))
        print(sample.lane, sample.array.sum(), [stream.name for stream in arraywire.list_streams(context)])
    except arraywire.Timeout:
        print('nothing', [stream.name for stream in arraywire.list_streams(context)])
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can become other users")
class Users(Case):
    def setUp(self):
        super().setUp()
        os.chmod(os.environ["ARRAYWIRE_RUNTIME_DIR"], 0o1777)

    def read(self, user, group, timeout, **options):
        child = self.child(READING)
        for line in (group, user, options, timeout):
            child.say(str(line))
        return child.finish().strip()

    def test_who_is_let_in_and_trusts_shares_memory(self):
        server = self.child(SERVING)
        self.assertEqual(server.line(), "serving")
        taken = "shared-memory 499500 ['shared']"
        self.assertEqual(self.read(READER, READER, WATCHDOG, trust_users=[SERVER]), taken)
        self.assertEqual(self.read(STRANGER, GROUP, WATCHDOG, trust_users=[str(SERVER)]), taken)
        self.assertEqual(self.read(STRANGER, STRANGER, 1.5, trust_users=[SERVER]), "nothing []")
        self.assertEqual(self.read(READER, READER, 1.5), "nothing []")
        server.say("end")
        server.finish()

    def test_an_account_that_does_not_exist_is_an_error_that_names_it(self):
        with self.assertRaisesRegex(arraywire.InvalidArgument, "no-such-user"):
            arraywire.Publisher("shared", allow_users=["no-such-user"])
        with self.assertRaisesRegex(arraywire.InvalidArgument, "no-such-group"):
            arraywire.Context(trust_groups=["no-such-group"])
        with self.assertRaises(TypeError):
            arraywire.Publisher("shared", allow_users="root")


if __name__ == "__main__":
    main()
