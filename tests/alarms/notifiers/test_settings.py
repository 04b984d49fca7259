"""``[[notifier]]``: what it takes, and how a mistake is shown."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.alarms.notifiers.settings import (
    MailSettings,
    NotifierSettings,
    ProgramSettings,
    WebhookSettings,
)
from pychron_comms.alarms.settings import read_alarms
from pychron_comms.config.table import ConfigError, Table

MAIL = 'kind = "mail"\nserver = "mail.lab.org:587"\nfrom = "lab@lab.org"\nto = ["jo@lab.org"]'


def notifier(keys: str) -> str:
    return f'[[notifier]]\nname = "it"\n{keys}\n'


class NotifierSettingsTests(SynchronousTestCase):
    def read(self, keys: str) -> NotifierSettings:
        settings = read_alarms(Table.parse(notifier(keys), "lab.toml"))
        (one,) = settings.notifiers
        return one

    def mistake(self, text: str) -> str:
        with self.assertRaises(ConfigError) as caught:
            read_alarms(Table.parse(text, "lab.toml"))
        return str(caught.exception)

    def test_each_kind(self) -> None:
        mail = MailSettings(host="mail.lab.org", port=587, sender="lab@lab.org", to=["jo@lab.org"])
        self.assertEqual(self.read(MAIL), NotifierSettings(name="it", way=mail))
        hook = self.read('kind = "webhook"\nurl = "https://h.org/x"\nform = "chat"\nevery = 5')
        self.assertEqual(hook.way, WebhookSettings(url="https://h.org/x", form="chat"))
        self.assertEqual(hook.every, 5.0)
        program = self.read(f'kind = "program"\ncommand = ["{sys.executable}", "-"]')
        self.assertEqual(program.way, ProgramSettings(command=[sys.executable, "-"]))

    def test_mistakes(self) -> None:
        for keys, told in (
            ('kind = "mial"', "did you mean mail?"),
            (
                MAIL.replace("mail.lab.org:587", "mail:x"),
                "notifier[0].server: expected HOST or HOST:PORT",
            ),
            (MAIL.replace("jo@lab.org", "jo"), "to: expected addresses of mail"),
            (f'{MAIL}\npassword = "/no/file"', "password: expected a file with a secret"),
            ('kind = "webhook"\nurl = "ftp://x"', "url: expected an address that begins with"),
            ('kind = "program"\ncommand = ["/no/such"]', "command: expected a program"),
            ('kind = "program"\ncommand = []', "command: expected a program"),
            (f"{MAIL}\nevry = 5", "evry: no such key is known; did you mean every?"),
        ):
            self.assertIn(told, self.mistake(notifier(keys)), keys)
        self.assertIn("name that no other notifier", self.mistake(2 * notifier(MAIL)))

    def test_a_password_is_given_to_nobody_without_tls(self) -> None:
        way = self.read(f'{MAIL}\nuser = "lab"').way
        assert isinstance(way, MailSettings)
        self.assertTrue(way.tls)

    def test_an_alarm_names_notifiers_that_there_are(self) -> None:
        text = notifier(MAIL) + '[[alarm]]\nname = "a"\nitem = "b"\nabove = 1\nnotify = ["its"]'
        self.assertIn("notify: there is no notifier its; did you mean it?", self.mistake(text))
