"""Mails leave once, in order, whatever happens to the mail server, to the database or to those who send."""

import asyncio
import time
from email.message import EmailMessage

import pytest
from prometheus_client import REGISTRY

from backbone.contracts.events import ReviewChangesRequested, ReviewOpened
from backbone.database import Database, dedicated
from services.notifier import dispatcher, repository
from services.notifier.dispatcher import MailServer as Check
from tests.builders import author
from tests.integration.notifier.conftest import MailServer, happened, login_of, sending, states, until, worker
from tests.unit.notifier.letters import POST, review


async def submit(database: Database, count: int, start: int = 0) -> None:
    """`count` submissions, three mails each."""
    for number in range(start, start + count):
        await happened(database, ReviewOpened(**review(project=f"project-{number}")))


async def test_a_mail_leaves_at_once(database: Database, mail_server: MailServer) -> None:
    async with sending(database, mail_server) as sender:
        await until(sender.check, lambda trouble: trouble is None)
        await submit(database, 1)
        await until(lambda: len(mail_server.mails), lambda count: count == 3)
        delays: list[float] = []
        for number in range(1, 11):
            started = time.monotonic()
            await submit(database, 1, number)
            await until(lambda wanted=3 * number + 3: len(mail_server.mails) >= wanted, bool)
            delays.append(time.monotonic() - started)
        assert sorted(delays)[5] < 0.25  # a busy machine's; alone it is a tenth of that
        assert await until(lambda: states(database), lambda found: found == {"sent": 33}) == {"sent": 33}
    assert mail_server.connections <= 3


async def test_mails_about_a_project_reach_each_reader_in_order(database: Database, mail_server: MailServer) -> None:
    for number in range(25):
        for project in ("one", "two"):
            event = ReviewChangesRequested(**review(project=project), reason=f"{number}")
            await happened(database, event)
    async with sending(database, mail_server, connections=4):
        await until(lambda: len(mail_server.mails), lambda count: count == 50)
    for project in ("one", "two"):
        mails = [mail for mail in mail_server.mails if mail["x-bourse-project"] == project]
        assert [reason_of(mail) for mail in mails] == [str(number) for number in range(25)]


def reason_of(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    assert plain is not None
    return plain.get_content().split("Motif\u00a0:")[1].split()[0]


async def test_while_the_mail_server_is_away_mails_wait_and_then_leave_within_seconds(
    database: Database, mail_server: MailServer
) -> None:
    async with sending(database, mail_server) as sender:
        await submit(database, 2)
        await until(lambda: len(mail_server.mails), lambda count: count == 6)
        await mail_server.stop()
        await submit(database, 3, start=2)
        check = Check(sender)
        said = await until(check.check, lambda said: said is not None)
        assert said is not None
        assert said.startswith("degraded: away")
        assert await sender.check() is None  # events are still taken
        await asyncio.sleep(6)
        assert (await states(database)).get("pending") == 9
        await mail_server.start()
        back = time.monotonic()
        await until(lambda: len(mail_server.mails), lambda count: count == 15)
        assert time.monotonic() - back < 5.5
        assert len(set(mail_server.ids())) == 15
        assert await until(check.check, lambda said: said is None) is None
        assert await until(lambda: states(database), lambda found: found == {"sent": 15}) == {"sent": 15}


async def test_the_server_away_is_seen_before_there_is_any_mail(database: Database, mail_server: MailServer) -> None:
    await mail_server.stop()
    async with sending(database, mail_server) as sender:
        said = await until(Check(sender).check, lambda said: said is not None)
        assert said is not None


async def test_a_recipient_refused_for_good_fails_alone_and_can_be_sent_again(
    database: Database, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "FIRST_WAIT_S", 0.05)
    refused: list[str] = []

    def no_such_user(address: str) -> str:
        if address == POST.email:
            refused.append(address)
            return "550 5.1.1 no such user"
        return "250 OK"

    mail_server.on_recipient = no_such_user
    before = count("review_opened", "failed")
    async with sending(database, mail_server):
        await submit(database, 1)
        await until(lambda: states(database), lambda found: found == {"sent": 2, "failed": 1})
        assert await states(database) == {"sent": 2, "failed": 1}
        assert len(refused) == dispatcher.TRIES
        assert count("review_opened", "failed") == before + 1
        async with database.transaction() as tx:
            (failed,) = await repository.list_mails(tx, ["failed"], None, 10)
            assert failed.error == "550 5.1.1 no such user"
            assert await repository.retry(tx, [failed.id]) == 1
        mail_server.on_recipient = lambda _: "250 OK"
        assert await until(lambda: states(database), lambda found: found == {"sent": 3}) == {"sent": 3}
    assert len(set(mail_server.ids())) == 3


def count(template: str, state: str) -> float:
    return REGISTRY.get_sample_value("bourse_mails_total", {"template": template, "state": state}) or 0


async def test_greylisting_delays_one_mail_and_keeps_its_order(
    database: Database, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "FIRST_WAIT_S", 0.1)
    tries = 0

    def greylist(_: EmailMessage) -> str:
        nonlocal tries
        tries += 1
        return "451 4.7.1 come back later" if tries <= 2 else "250 OK"

    mail_server.on_data = greylist
    for number in range(3):
        await happened(database, ReviewChangesRequested(**review(), reason=f"{number}"))
    async with sending(database, mail_server):
        await until(lambda: len(mail_server.mails), lambda seen: seen == 3)
    assert [reason_of(mail) for mail in mail_server.mails] == ["0", "1", "2"]
    assert tries == 5


async def test_a_server_that_has_enough_of_a_connection_gets_a_new_one(
    database: Database, mail_server: MailServer
) -> None:
    uses = 0

    def after_two(_: str) -> str:
        nonlocal uses
        uses += 1
        return "421 4.7.0 too many mails on this connection" if uses % 3 == 0 else "250 OK"

    mail_server.on_sender = after_two
    async with sending(database, mail_server, connections=1) as sender:
        await submit(database, 3)
        await until(lambda: len(mail_server.mails), lambda seen: seen == 9)
        assert sender.smtp_trouble is None
    assert len(set(mail_server.ids())) == 9


async def test_a_refused_sender_or_login_concerns_the_server_not_the_mails(
    database: Database, mail_server: MailServer
) -> None:
    mail_server.on_sender = lambda _: "553 5.7.1 this sender is not allowed"
    async with sending(database, mail_server) as sender:
        await submit(database, 1)
        trouble = await until(lambda: sender.smtp_trouble, lambda said: said is not None)
        assert str(trouble) == "553 5.7.1 this sender is not allowed"
        assert await Check(sender).check() == "degraded: refuses us, mails wait"
        mail_server.on_sender = lambda _: "250 OK"
        await until(lambda: len(mail_server.mails), lambda seen: seen == 3)
    assert await states(database) == {"sent": 3}


async def test_it_logs_in_and_insists_on_tls_where_told(database: Database) -> None:
    options = {"authenticator": login_of("bourse", "p@ss word"), "auth_required": True, "auth_require_tls": False}
    strict = MailServer(options=options)
    await strict.start()
    try:
        await submit(database, 1)
        async with sending(database, f"{strict.url}?starttls=required") as sender:
            assert await until(lambda: sender.smtp_trouble, lambda said: said is not None)
        async with sending(database, f"smtp://bourse:wrong@127.0.0.1:{strict.port}") as sender:
            said = str(await until(lambda: sender.smtp_trouble, lambda said: said is not None))
            assert said.startswith("535")
            assert "wrong" not in said
        assert strict.mails == []
        async with sending(database, f"smtp://bourse:p%40ss%20word@127.0.0.1:{strict.port}"):
            await until(lambda: len(strict.mails), lambda seen: seen == 3)
    finally:
        await strict.stop()
    assert await states(database) == {"sent": 3}


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    database: Database, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "FIRST_WAIT_S", 0.05)
    event = ReviewOpened(**review(author=author(email="maïrie@example.org")))
    await happened(database, event)
    async with sending(database, mail_server):
        found = await until(lambda: states(database), lambda found: found == {"sent": 2, "failed": 1})
        assert found == {"sent": 2, "failed": 1}
    unicode = MailServer(options={"enable_SMTPUTF8": True})
    await unicode.start()
    try:
        async with database.transaction() as tx:
            assert await repository.retry(tx, []) == 1
        async with sending(database, unicode):
            await until(lambda: len(unicode.mails), lambda seen: seen == 1)
        assert unicode.recipients == ["maïrie@example.org"]
    finally:
        await unicode.stop()


async def test_two_replicas_share_the_work_and_send_nothing_twice(
    database: Database, database_url: str, mail_server: MailServer
) -> None:
    other = Database(database_url, migrations="services.notifier")
    await other.start()
    await submit(database, 30)
    async with sending(database, mail_server), sending(other, mail_server):
        await until(lambda: states(database), lambda found: found == {"sent": 90})
        assert await states(database) == {"sent": 90}
    await other.stop()
    assert len(mail_server.mails) == 90
    assert len(set(mail_server.ids())) == 90
    assert mail_server.connections > 3


async def test_killed_between_sending_and_marking_it_repeats_at_most_the_mails_in_flight(
    database: Database, database_url: str, mail_server: MailServer
) -> None:
    await submit(database, 12)  # 36 mails
    for kill in range(3):
        with worker(database_url, mail_server.url, connections=2) as process:
            accepted = len(mail_server.mails)

            def accept_and_kill(_: EmailMessage, seen: int = accepted, victim: int = process.pid) -> str:
                # the server has the mail, the worker never hears of it
                if len(mail_server.mails) >= seen + 5:
                    kill_now(victim)
                return "250 OK"

            mail_server.on_data = accept_and_kill
            await until(process.poll, lambda code: code is not None)
        assert len(mail_server.mails) >= accepted + 5, f"kill {kill}"
    mail_server.on_data = lambda _: "250 OK"
    started = time.monotonic()
    with worker(database_url, mail_server.url):
        await until(lambda: states(database), lambda found: found == {"sent": 36})
    assert await states(database) == {"sent": 36}
    assert time.monotonic() - started < 10  # what the dead one had leased is not waited for
    ids = mail_server.ids()
    assert len(set(ids)) == 36
    assert 3 <= len(ids) - 36 <= 3 * 2  # one in flight on each connection, under the same Message-ID
    for number in range(12):
        mails = [mail for mail in mail_server.mails if mail["x-bourse-project"] == f"project-{number}"]
        assert len({(mail["to"], mail["message-id"]) for mail in mails}) == 3


def kill_now(pid: int) -> None:
    import os
    import signal

    os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)


async def test_losing_the_database_in_between_repeats_nothing(
    database: Database, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(database, 20)
    async with sending(database, mail_server):
        for wanted in (10, 25, 40):
            await until(lambda least=wanted: len(mail_server.mails) >= least, bool)
            async with dedicated(database.url) as connection:
                await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
        found = await until(lambda: states(database), lambda found: found == {"sent": 60}, 30)
    assert found == {"sent": 60}
    assert len(mail_server.mails) == len(set(mail_server.ids())) == 60


async def test_stopping_lets_what_is_under_way_arrive(database: Database, mail_server: MailServer) -> None:
    await submit(database, 10)
    async with sending(database, mail_server):
        await until(lambda: len(mail_server.mails) >= 4, bool)
    found = await states(database)
    assert "leased" not in found
    assert found["sent"] == len(mail_server.mails) == len(set(mail_server.ids()))


async def test_what_is_settled_long_ago_is_deleted(database: Database, mail_server: MailServer) -> None:
    await submit(database, 2)
    async with sending(database, mail_server):
        await until(lambda: states(database), lambda found: found == {"sent": 6})
    async with database.transaction() as tx:
        await tx.execute("update mails set settled_at = now() - interval '91 days' where thread = 'project-0'")
        assert await repository.purge(tx, 90) == 3


async def test_it_stops_at_any_moment_while_the_server_is_away(
    database: Database, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(dispatcher, "LONGEST_PAUSE_AWAY_S", 0.001)
    await mail_server.stop()
    for moment in range(40):
        async with asyncio.timeout(10), sending(database, mail_server) as sender:
            await until(lambda: sender.smtp_trouble, lambda said: said is not None)
            await asyncio.sleep(moment / 10_000)
        left = [task for task in asyncio.all_tasks() if "Dispatcher" in repr(task.get_coro())]
        assert left == []
