"""Streams shared between users: who was let in gets shared memory, everybody else gets nothing."""

import os
import shutil
import stat
import subprocess
import unittest

import programs

SERVER, READER, STRANGER = 61001, 61002, 61003  # nobody has these
GROUP, OTHER_GROUP = 62001, 62002


@unittest.skipUnless(os.geteuid() == 0, "only root can become other users")
class Users(programs.ProgramTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)
        # Where the programs are built others may not be let in to.
        self.producer, self.consumer = (shutil.copy(program, self.directory) for program in (programs.PRODUCER, programs.CONSUMER))
        os.mkdir(self.path("run"))
        os.chmod(self.path("run"), 0o1777)

    def start_as(self, user, program, *arguments, groups=(), **pipes):
        return self.start(program, "--json", "-", *arguments, user=user, group=user, extra_groups=list(groups), **pipes)

    def serve(self, *arguments):
        producer = self.start_as(SERVER, self.producer, "--shape", "100x100", "--rate", 50, *arguments)
        producer.wait_for_line("stream 'default' on")
        return producer

    def take(self, user, *arguments, groups=()):
        return self.start_as(user, self.consumer, "--count", 5, "--timeout", 20, *arguments, groups=groups).finish_json()

    def assert_nothing_comes(self, user, *arguments, groups=()):
        consumer = self.start_as(user, self.consumer, "--count", 5, "--timeout", 2.5, *arguments, groups=groups)
        self.assertEqual(consumer.finish_json(3)["messages"], 0)

    def assert_shared(self, summary):
        self.assertEqual((summary["messages"], summary["lane"], summary["gaps"]), (5, "shared-memory", 0), summary)

    def test_users_that_name_each_other_share_memory(self):
        self.serve("--allow-user", READER)
        self.assert_shared(self.take(READER, "--allow-user", SERVER))
        self.assert_shared(self.take(SERVER))
        self.assert_shared(self.take(0, "--allow-user", SERVER))
        self.assert_nothing_comes(STRANGER, "--allow-user", SERVER)
        self.assert_nothing_comes(STRANGER, "--connect", f"ipc://{self.path('run', 'default', 'data.sock')}")
        self.assert_nothing_comes(READER)  # it trusts nobody
        folder = self.path("run", "default")
        for name in ("", "lock", "data.sock", "slots.sock"):
            self.assertFalse(os.stat(os.path.join(folder, name)).st_mode & 0o007, name)

    def test_members_of_a_group_share_memory(self):
        self.serve("--allow-group", GROUP)
        self.assert_shared(self.take(READER, "--allow-user", SERVER, groups=[GROUP]))
        self.assert_shared(self.take(READER, "--allow-user", SERVER, groups=[OTHER_GROUP, GROUP]))
        self.assert_nothing_comes(READER, "--allow-user", SERVER, groups=[OTHER_GROUP])

    def test_a_publishers_group_is_trusted(self):
        producer = self.start("/usr/bin/env", self.producer, "--json", "-", "--shape", "100x100", "--rate", 50, "--allow-user", READER,
                              user="daemon", group="daemon", extra_groups=[])
        producer.wait_for_line("stream 'default' on")
        self.assert_shared(self.take(READER, "--allow-group", "daemon"))
        self.assert_nothing_comes(READER, "--allow-group", "nogroup")

    def test_what_was_shared_is_closed_by_a_publisher_that_shares_nothing(self):
        first = self.serve("--allow-user", READER)
        first.signal(9)
        first.finish(-9)
        second = self.serve()
        self.assert_nothing_comes(READER, "--allow-user", SERVER)
        self.assert_shared(self.take(SERVER))
        second.signal(15)
        second.finish()
        self.serve("--allow-user", STRANGER)
        self.assert_nothing_comes(READER, "--allow-user", SERVER)
        self.assert_shared(self.take(STRANGER, "--allow-user", SERVER))

    @unittest.skipIf(subprocess.call(["unshare", "-m", "true"], stderr=subprocess.DEVNULL), "no mount namespace to be had")
    def test_without_a_directory_for_all_the_publishers_own_is_found(self):
        del self.environment["ARRAYWIRE_RUNTIME_DIR"]
        self.addCleanup(shutil.rmtree, f"/tmp/arraywire-{SERVER}", ignore_errors=True)

        def start(user, *arguments):
            become = f"mount -t tmpfs -o mode=755 none /run && exec setpriv --reuid {user} --regid {user} --clear-groups \"$@\""
            return self.start("/usr/bin/unshare", "-m", "sh", "-c", become, "sh", *arguments)

        start(SERVER, self.producer, "--shape", "100x100", "--rate", 50, "--allow-user", READER).wait_for_line("stream 'default' on")
        take = (self.consumer, "--json", "-", "--count", 5, "--allow-user", SERVER, "--timeout")
        self.assert_shared(start(READER, *take, 20).finish_json())
        self.assertEqual(start(STRANGER, *take, 2.5).finish_json(3)["messages"], 0)
        listing = start(READER, self.consumer, "--list", "--allow-user", SERVER).finish()
        self.assertRegex(listing.decode(), rf"default +\d+ +{SERVER}")
        self.assertEqual(stat.S_IMODE(os.stat(f"/tmp/arraywire-{SERVER}").st_mode) & 0o027, 0)

    def test_an_account_that_is_not_there_is_named(self):
        for program in (self.producer, self.consumer):
            for option, kind in (("--allow-user", "user"), ("--allow-group", "group")):
                process = self.start(program, option, "no-such-account")
                process.finish(2)
                self.assertIn(f"there is no {kind} 'no-such-account'", process.stderr())


if __name__ == "__main__":
    programs.main()
