"""The embedded engines: what was acknowledged survives `kill -9`; the mail catcher's page shows, and runs nothing."""

import asyncio
import dataclasses
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from backbone.contracts.topics import TOPICS
from backbone.kafka import stop_consumer
from deploy import provision
from deploy.embedded import jars, unprivileged
from deploy.embedded.engine import Engine, EngineError
from deploy.embedded.kafka import Kafka
from deploy.embedded.mailstore import MailStore
from deploy.embedded.postgres import Postgres
from deploy.embedded.search import Search
from deploy.embedded.smtp import MailCatcher, Maildir, delivered
from deploy.launcher.ports import HOST, SEARCH_PORTS, is_free
from tests.engines import Engines, free_port, running

ROOT = Path(__file__).parent.parent.parent
EVIL = '<script>alert("x")</script>'


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def started(stack: ExitStack, engine: Engine, folder: Path) -> "subprocess.Popen[bytes]":
    return stack.enter_context(running(engine, folder / f"{engine.name}.log"))


def test_postgres_keeps_what_it_committed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)  # under root, PostgreSQL's own user has no business here
    port = free_port(26432)
    engine = Postgres(private / "postgres", port, "pa'ss", os.environ)
    url = f"postgresql://postgres:pa%27ss@{HOST}:{port}/postgres"
    with ExitStack() as stack:
        process = started(stack, engine, tmp_path)
        asked(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        kill(process)
        # a pid file that names another live process must not stop the next start
        pid_file = engine.data / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(str(process.pid), str(os.getpid()), 1))
        again = started(stack, engine, tmp_path)
        assert asked(url, "SELECT count(*) FROM kept") == 1000
        assert asked(url, "SHOW synchronous_commit") == asked(url, "SHOW fsync") == "on"
        with pytest.raises(asyncpg.InvalidPasswordError):
            asked(url.replace("pa%27ss", "wrong"), "SELECT 1")
        if os.geteuid() == 0:
            assert Path(f"/proc/{again.pid}").stat().st_uid != 0
            assert private.stat().st_mode & 0o777 == 0o700, "no folder of the user is opened to others"


def asked(url: str, statement: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


async def test_kafka_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    port = free_port(29392)
    engine = Kafka(tmp_path / "kafka", port, free_port(port + 1), os.environ)
    with ExitStack() as stack:
        process = started(stack, engine, tmp_path)
        await provision.provision_topics(f"{HOST}:{port}")
        producer: Any = AIOKafkaProducer(bootstrap_servers=f"{HOST}:{port}", acks="all", enable_idempotence=True)
        await producer.start()
        await asyncio.gather(*(producer.send_and_wait("bourse.activity", b"%d" % number) for number in range(500)))
        kill(process)
        await producer.stop()
        again = started(stack, engine, tmp_path)
        # a fetch that fails is long in waiting to be tried again
        consumer: Any = AIOKafkaConsumer(
            "bourse.activity",
            bootstrap_servers=f"{HOST}:{port}",
            auto_offset_reset="earliest",
            retry_backoff_ms=3_000,
        )
        await consumer.start()
        kept: set[int] = set()
        async with asyncio.timeout(20):
            while len(kept) < 500:
                batch: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=500)
                kept |= {int(record.value or b"-1") for records in batch.values() for record in records}
        assert kept == set(range(500))
        kill(again)
        assert await consumer.getmany(timeout_ms=1000) == {}
        others = asyncio.all_tasks()
        async with asyncio.timeout(5):
            await stop_consumer(consumer)
        assert asyncio.all_tasks() < others, "its tasks have ended, and none was begun"


def test_opensearch_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    port = next(port for port in SEARCH_PORTS if is_free(port))
    engine = Search(tmp_path / "search", port, "kept", os.environ)
    with ExitStack() as stack:
        process = started(stack, engine, tmp_path)
        request(f"http://{HOST}:{port}/things/_doc/1", "PUT", {"name": "puits"}, expected=404)  # made by no one
        request(f"http://{HOST}:{port}/things", "PUT", {"mappings": {"properties": {"name": {"type": "keyword"}}}})
        request(f"http://{HOST}:{port}/things/_doc/1", "PUT", {"name": "puits"}, expected=201)
        with pytest.raises(EngineError, match="taken"):
            engine.launch()
        kill(process)
        started(stack, engine, tmp_path)
        request(f"http://{HOST}:{port}/_cluster/health/things?wait_for_status=yellow")
        assert request(f"http://{HOST}:{port}/things/_doc/1")["_source"] == {"name": "puits"}
        assert not dataclasses.replace(engine, cluster="of another stack").is_ready()


def request(url: str, method: str = "GET", body: object = None, *, expected: int = 200) -> dict[str, object]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            code, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        code, content = error.code, error.read()
    assert code == expected, content
    return json.loads(content)


async def test_databases_are_closed_to_the_other_services(engines: Engines) -> None:
    admin = engines.postgres()
    passwords = {"isolated_a": 'it\'s "a"', "isolated_b": "b"}
    for _ in range(2):  # a second time changes nothing
        await provision.provision_databases(admin, passwords)
    address = urllib.parse.urlsplit(admin)
    own = f"postgresql://bourse_isolated_a:{urllib.parse.quote(passwords['isolated_a'])}@{HOST}:{address.port}"
    connection = await asyncpg.connect(f"{own}/bourse_isolated_a")
    await connection.execute("CREATE TABLE mine (n int)")
    installed = await connection.fetch("SELECT extname FROM pg_extension")
    assert {"pg_trgm", "unaccent"} <= {row["extname"] for row in installed}
    assert not await connection.fetchval("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(f"{own}/bourse_isolated_b")


async def test_topics_are_brought_to_what_is_declared(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = engines.kafka()
    first = dataclasses.replace(TOPICS[0], name="tests.provisioned", partitions=2, retention_ms=1000, compacted=False)
    for declared in (first, dataclasses.replace(first, partitions=3, retention_ms=None)):
        monkeypatch.setattr(provision, "TOPICS", (declared,))
        await provision.provision_topics(bootstrap)
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        described = await admin.describe_topics([declared.name])
        await admin.close()
        assert len(described[0]["partitions"]) == declared.partitions
        assert await setting(bootstrap, declared.name, "retention.ms") == str(declared.retention_ms or -1)


async def setting(bootstrap: str, topic: str, name: str) -> str:
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    answers: Any = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: ""})])
    await admin.close()
    entries = [entry for answer in answers for resource in answer.resources for entry in resource[4]]
    return str(entries[0][1])


def test_a_jar_that_is_not_what_the_lock_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = jars.locked("kafka")[0]

    def only_this(_engine: str) -> list[jars.Jar]:
        return [real]

    monkeypatch.setattr(jars, "locked", only_this)
    monkeypatch.setattr(jars, "repository", lambda: tmp_path)
    path = tmp_path / real.file
    assert jars.missing(["kafka"]) == [real]
    with pytest.raises(EngineError, match="missing"):
        jars.classpath("kafka", tmp_path / "verified.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * real.size)  # the right size, and another content
    with pytest.raises(EngineError, match="damaged"):
        jars.classpath("kafka", tmp_path / "verified.json")
    assert not path.exists(), "the next start downloads it"


def test_every_jar_is_locked_with_its_hash() -> None:
    for engine in jars.WANTED:
        locked = jars.locked(engine)
        assert len(locked) > 40
        assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in locked)
        classes = [(jar.group, jar.artifact, jar.classifier) for jar in locked]
        assert len(set(classes)) == len(classes), "no library in two versions"


def test_an_ordinary_user_runs_postgres_as_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unprivileged.os, "geteuid", lambda: 1000)
    actor = unprivileged.actor(tmp_path, Path(sys.executable))
    assert actor.user is None
    assert not actor.prefix


# The mail catcher


@dataclass
class Catcher:
    smtp_port: int
    page: str
    maildir: Path
    process: "subprocess.Popen[bytes]"

    def send(self, mail: EmailMessage, *to: str) -> None:
        with smtplib.SMTP(HOST, self.smtp_port, timeout=10) as client:
            client.send_message(mail, to_addrs=list(to) or None)

    def get(self, path: str, *, expected: int = 200) -> tuple[str, dict[str, str]]:
        try:
            with urllib.request.urlopen(self.page + path, timeout=10) as answer:
                code, content, headers = answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            code, content, headers = error.code, error.read(), dict(error.headers)
        assert code == expected
        return content.decode(errors="replace"), {name.lower(): value for name, value in headers.items()}

    def names(self) -> list[str]:
        return sorted(file.name for file in (self.maildir / "new").iterdir())


@pytest.fixture(scope="module")
def catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    folder = tmp_path_factory.mktemp("mail")
    smtp_port = free_port(23025)
    page_port = free_port(smtp_port + 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    engine = MailCatcher(folder / "mail", smtp_port, page_port, Path(sys.executable), environment, ROOT)
    with running(engine, folder / "mail.log") as process:
        yield Catcher(smtp_port, f"http://{HOST}:{page_port}", folder / "mail", process)


def letter(to: str, subject: str, *, text: str = "Bonjour", html: str | None = None) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "bourse@example.org", to, subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def test_a_mail_is_stored_before_it_is_accepted(catcher: Catcher) -> None:
    before = set(catcher.names())
    catcher.send(letter("daect@example.org", "Nouvelle fiche à instruire"), "daect@example.org", "hidden@example.org")
    (name,) = set(catcher.names()) - before
    mail = MailStore(catcher.maildir).read(name)
    assert mail
    assert mail["Subject"] == "Nouvelle fiche à instruire"
    assert mail.get_all("Delivered-To") == ["daect@example.org", "hidden@example.org"]
    assert mail["To"] == "daect@example.org"
    assert (catcher.maildir / "new" / name).stat().st_mode & 0o777 == 0o600


def test_the_page_shows_a_mail_and_runs_nothing_of_it(catcher: Catcher) -> None:
    mail = letter("x@example.org", f"Objet {EVIL}", text=f"{EVIL} voir https://example.org/a?b=1&c=2 merci", html=EVIL)
    mail["X-Note"] = EVIL
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename=f'a"{EVIL}.pdf')
    catcher.send(mail)
    name = catcher.names()[-1]
    listed, headers = catcher.get("/")
    assert "<script" not in listed
    assert "Objet &lt;script&gt;" in listed
    assert "unsafe-inline" not in headers["content-security-policy"]
    page, headers = catcher.get(f"/mails/{name}")
    assert "<script" not in page
    assert '<a href="https://example.org/a?b=1&amp;c=2"' in page
    assert "X-Note" in page
    assert f'src="/mails/{name}/html"' in page
    assert "unsafe-inline" not in headers["content-security-policy"]
    html, headers = catcher.get(f"/mails/{name}/html")
    assert EVIL in html, "the part as it is: its policy and sandbox keep it from running"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    raw, headers = catcher.get(f"/mails/{name}/raw")
    assert raw.startswith("Return-Path:")
    assert headers["content-type"].startswith("text/plain")
    _, headers = catcher.get(f"/mails/{name}/attachments/0")
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("path", ["/mails/..%2f..%2fetc%2fpasswd", "/mails/nothing", "/mails/.hidden", "/mails/a%00b"])
def test_no_other_file_is_shown(catcher: Catcher, path: str) -> None:
    for suffix in ("", "/html", "/raw", "/attachments/0"):
        catcher.get(path + suffix, expected=404)


def test_the_list_is_filtered_by_recipient(catcher: Catcher) -> None:
    catcher.send(letter("agent-sn@example.org", "Pour le poste de Dakar"))
    catcher.send(letter("agent-ma@example.org", "Pour le poste de Rabat"))
    page, _ = catcher.get("/?to=AGENT-SN@example.org")
    assert "Dakar" in page
    assert "Rabat" not in page
    page, _ = catcher.get("/?to=%3Cscript%3E")
    assert "<script" not in page
    assert "Aucun courriel" in page


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?broken\n\n\xff\xfe",
        b"Content-Type: text/plain; charset=no-such\n\n\xe9",
        b"Content-Type: multipart/mixed; boundary=x\n\nno parts",
        b"Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>\n--x--",
        b"From: a\nFrom: b\nDate: yesterday\nTo: <<>>,;\n\n",
    ],
)
def test_a_mail_of_any_shape_is_shown(catcher: Catcher, content: bytes) -> None:
    name = Maildir(catcher.maildir).keep(delivered(None, ["odd@example.org"], content))
    catcher.get("/")
    catcher.get(f"/mails/{name}")
    catcher.get(f"/mails/{name}/raw")


def test_tens_of_thousands_of_mails_are_paged(tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for number in range(20_000):
        (new / f"{number:020d}.x").write_bytes(
            b"Delivered-To: a%d@example.org\nSubject: n%d\n\n" % (number % 9, number)
        )
    store = MailStore(tmp_path)
    store.page()  # reads the folder once
    time.sleep(0.2)
    began = time.monotonic()
    first = store.page()
    assert time.monotonic() - began < 0.25
    assert [mail.subject for mail in first.mails[:2]] == ["n19999", "n19998"]
    assert first.total == 20_000
    assert first.older
    second = store.page(before=first.older)
    assert second.mails[0].subject == "n19949"
    filtered = store.page(recipient="a3@example.org")
    assert {mail.recipients for mail in filtered.mails} == {"a3@example.org"}
    seen, before = 0, ""
    while True:
        page = store.page(recipient="a3@example.org", before=before, size=1000)
        seen += len(page.mails)
        if not page.older:
            break
        before = page.older
    assert seen == 2222


def test_a_killed_catcher_loses_no_accepted_mail(catcher: Catcher) -> None:
    catcher.send(letter("kept@example.org", "Gardé"))
    kept = catcher.names()
    (catcher.maildir / "tmp" / "half").write_bytes(b"never accepted")
    catcher.process.kill()
    catcher.process.wait()
    engine_port, page_port = catcher.smtp_port, int(catcher.page.rpartition(":")[2])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    engine = MailCatcher(catcher.maildir, engine_port, page_port, Path(sys.executable), environment, ROOT)
    with running(engine, catcher.maildir.parent / "again.log"):
        assert catcher.names() == kept
        assert "Gardé" in catcher.get("/")[0]
        assert not list((catcher.maildir / "tmp").iterdir())
