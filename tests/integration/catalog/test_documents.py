"""The files of published documents: copied, shown to be saved, and removed once nobody publishes them."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backbone.errors import Unavailable
from services.catalog import service
from services.catalog.files import Files, UnusableFileError
from tests.integration.catalog.conftest import Catalog, document, published, unpublished, until

ROOT = Path(__file__).parents[3]


def content(size: int = 3000) -> bytes:
    return (b"%PDF-1.7 " + uuid4().bytes * (size // 16 + 1))[:size]


async def removed(catalog: Catalog, sha256: str) -> None:
    async def is_removed() -> bool:
        return not catalog.copy_of(sha256).exists()

    await until(is_removed)


async def test_a_document_of_a_published_sheet_can_be_saved(catalog: Catalog) -> None:
    file = content(1_000_000)
    sha256 = catalog.deposit(file)
    deposited = document(sha256, len(file))
    await catalog.show(published(documents=[deposited, {"title": "Annoncé seulement"}]))
    answer = await catalog.http.get(f"/documents/{deposited['id']}")
    assert answer.status_code == 200
    assert answer.content == file
    assert answer.headers["content-length"] == str(len(file))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Etude de faisabilite.pdf\"; filename*=UTF-8''%C3%89tude%20de%20faisabilit%C3%A9.pdf"
    )
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["etag"] == f'"{sha256}"'

    path = f"/documents/{deposited['id']}"
    known = await catalog.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    head = await catalog.http.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(file)))


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=2990-", 206, 2990, 3000),
        ("bytes=-10", 206, 2990, 3000),
        ("bytes=-9000", 206, 0, 3000),
        ("bytes=100-9000", 206, 100, 3000),
        ("bytes=0-0", 206, 0, 1),
        ("bytes=0-1,5-6", 200, 0, 3000),
        ("bytes=9-1", 200, 0, 3000),
        ("pages=1-2", 200, 0, 3000),
        ("bytes=", 200, 0, 3000),
    ],
)
async def test_a_part_can_be_asked_for(catalog: Catalog, asked: str, status: int, start: int, stop: int) -> None:
    file = content(3000)
    deposited = document(catalog.deposit(file), len(file))
    await catalog.show(published(documents=[deposited]))
    answer = await catalog.http.get(f"/documents/{deposited['id']}", headers={"Range": asked})
    assert answer.status_code == status
    assert answer.content == file[start:stop]
    expected = f"bytes {start}-{stop - 1}/3000" if status == 206 else None
    assert answer.headers.get("content-range") == expected


async def test_a_part_that_is_not_there_is_refused(catalog: Catalog) -> None:
    file = content(3000)
    deposited = document(catalog.deposit(file), len(file))
    await catalog.show(published(documents=[deposited]))
    path = f"/documents/{deposited['id']}"
    for asked in ("bytes=3000-", "bytes=9000-9001", "bytes=-0"):
        answer = await catalog.http.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */3000")
    changed = await catalog.http.get(path, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, 3000)


async def test_a_document_goes_with_its_sheet(catalog: Catalog) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    deposited = document(sha256, len(file))
    event = published(documents=[deposited])
    await catalog.show(event)
    assert catalog.copy_of(sha256).exists()
    await catalog.show(unpublished(event.project, 2))
    answer = await catalog.http.get(f"/documents/{deposited['id']}")
    assert answer.status_code == 410
    await removed(catalog, sha256)
    async with catalog.database.connection() as connection:
        titles = await connection.fetch("select title from document where project = $1", event.project)
    assert [row["title"] for row in titles] == [""]

    await catalog.show(published(event.project, version=3, documents=[deposited]))
    assert (await catalog.http.get(f"/documents/{deposited['id']}")).content == file


async def test_a_document_that_a_new_revision_drops_is_gone(catalog: Catalog) -> None:
    kept_file, dropped_file = content(), content()
    kept = document(catalog.deposit(kept_file), len(kept_file))
    dropped = document(catalog.deposit(dropped_file), len(dropped_file))
    event = published(documents=[kept, dropped])
    await catalog.show(event, published(event.project, version=2, documents=[kept]))
    await removed(catalog, dropped["sha256"])
    assert (await catalog.http.get(f"/documents/{dropped['id']}")).status_code == 410
    assert (await catalog.http.get(f"/documents/{kept['id']}")).content == kept_file


async def test_a_file_that_two_sheets_name_stays_for_the_second(catalog: Catalog) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    one, other = document(sha256, len(file)), document(sha256, len(file))
    first, second = published(documents=[one]), published(documents=[other])
    await catalog.show(first, second, unpublished(first.project, 2))

    async def looked_at() -> bool:
        async with catalog.database.connection() as connection:
            return not await connection.fetchval("select exists (select 1 from obsolete_file)")

    await until(looked_at)
    assert (await catalog.http.get(f"/documents/{one['id']}")).status_code == 410
    assert (await catalog.http.get(f"/documents/{other['id']}")).content == file
    await catalog.show(unpublished(second.project, 2))
    await removed(catalog, sha256)


async def test_a_file_is_not_removed_under_a_sheet_that_is_being_published(catalog: Catalog) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    files: Files = catalog.app.state.files
    event = published(documents=[document(sha256, len(file))])

    async def clean() -> None:
        async with catalog.database.transaction() as tx:
            await service.remove_obsolete(tx, files)

    async with catalog.database.transaction() as tx:
        await service.publish(tx, files, event)
        async with catalog.database.transaction() as other:
            await other.execute("insert into obsolete_file (sha256) values ($1)", sha256)
        cleaning = asyncio.create_task(clean())
        await asyncio.sleep(0.3)
        assert not cleaning.done()
    await cleaning
    assert catalog.copy_of(sha256).read_bytes() == file


async def test_a_missing_file_parks_its_sheet_until_it_is_there(catalog: Catalog, tmp_path: Path) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    (catalog.deposits / sha256[:2] / sha256).unlink()
    deposited = document(sha256, len(file))
    event = published(documents=[deposited])
    later = published(event.project, version=2, title="Le titre corrigé", documents=[deposited])
    await catalog.send(event, later)
    missing, held = await catalog.parked_as_expected(event.project, 2)
    assert f"the deposit store has no file {sha256}" in missing.error
    assert held.held
    assert (await catalog.http.get(f"/projects/{event.project}")).status_code == 404

    catalog.deposit(file)
    assert admin(catalog, "parked", "replay", str(missing.id)) == "2 replayed"
    assert (await catalog.http.get(f"/projects/{event.project}")).json()["title"] == "Le titre corrigé"
    assert (await catalog.http.get(f"/documents/{deposited['id']}")).content == file
    assert await catalog.parked(event.project) == []


async def test_a_file_with_another_content_is_never_shown(catalog: Catalog) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    (catalog.deposits / sha256[:2] / sha256).write_bytes(b"%PDF-1.7 something else")
    event = published(documents=[document(sha256, len(file))])
    await catalog.send(event)
    assert "another content" in (await catalog.parked_as_expected(event.project))[0].error
    assert not catalog.copy_of(sha256).exists()


async def test_a_document_without_its_file_s_data_is_parked(catalog: Catalog) -> None:
    for wrong in ({"sha256": None}, {"sha256": "../../etc/passwd"}, {"size": None}, {"media_type": None}):
        event = published(documents=[document("0" * 64, 3) | wrong])
        await catalog.send(event)
        await catalog.parked_as_expected(event.project)


async def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    deposits, public = tmp_path / "not mounted yet", tmp_path / "public"
    files = Files(deposits=deposits.as_uri(), public=public.as_uri())
    with pytest.raises(Unavailable):
        await files.publish("0" * 64)
    assert await files.check() == "degraded: the deposit store is away"
    deposits.mkdir()
    assert await files.check() is None
    with pytest.raises(UnusableFileError):
        await files.publish("0" * 64)
    assert not any(path.is_file() for path in public.rglob("*"))
    with pytest.raises(Unavailable):
        await files.read("0" * 64, range(1))
    await files.remove("0" * 64)


async def test_a_lost_public_copy_is_said_before_the_answer_begins(catalog: Catalog) -> None:
    file = content()
    sha256 = catalog.deposit(file)
    deposited = document(sha256, len(file))
    await catalog.show(published(documents=[deposited]))
    catalog.copy_of(sha256).unlink()
    answer = await catalog.http.get(f"/documents/{deposited['id']}")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_checksum_can_be_asked_on_the_command_line(catalog: Catalog) -> None:
    await catalog.show(published())
    assert re.fullmatch(r"\d+ [0-9a-f]{64}", admin(catalog, "checksum"))


def admin(catalog: Catalog, *arguments: str) -> str:
    """Run an admin command as an operator would; what it printed last."""
    names = ("database_url", "kafka_bootstrap", "deposit_store_url", "public_store_url")
    environment: dict[str, Any] = {f"BOURSE_{name.upper()}": getattr(catalog.settings, name) for name in names}
    done = subprocess.run(
        [sys.executable, "-m", "services.catalog.admin", *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if not _is_log(line)][-1]


def _is_log(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
