"""What the pages are built with: under names of their content, made once for each change, and without surprises."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fontTools.ttLib import TTFont

from backbone.contracts import vocabularies
from deploy.launcher import pages
from deploy.launcher.environment import Surroundings, of_npm
from deploy.launcher.errors import LauncherError
from deploy.launcher.state import Folder, StackSettings
from services.portal.assets import build

ROOT = Path(__file__).parents[3]
DISPUTED = {"W. Sahara", "Palestine", "Taiwan", "N. Cyprus", "Somaliland", "Kosovo"}


@pytest.fixture(scope="session")
def built() -> Path:
    build.ensure()
    return build.OUT


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """Where another build goes, which has the packages already."""
    (tmp_path / "dist-npm").symlink_to(built.with_name(f"{built.name}-npm"))
    return tmp_path / "dist"


@pytest.fixture
def theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A look that can be changed, beside files of ours that nobody changes meanwhile."""
    shutil.copytree(build.PORTAL / "static", tmp_path / "portal" / "static")
    monkeypatch.setattr(build, "PORTAL", tmp_path / "portal")
    return shutil.copytree(build.THEME, tmp_path / "theme")


def manifest(folder: Path) -> dict[str, str]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.portal.assets", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_every_file_has_a_name_of_its_content(built: Path) -> None:
    names = manifest(built)
    assert {"portal.css", "tokens.css", "search.js", "map.js", "htmx.js", "leaflet.js", "world.svg"} <= set(names)
    assert {file.name for file in (built / "static").iterdir()} == set(names.values())
    for plain, hashed in names.items():
        digest = hashlib.sha256((built / "static" / hashed).read_bytes()).hexdigest()
        stem, _, extension = plain.rpartition(".")
        found = re.fullmatch(rf"{re.escape(stem)}-([0-9a-f]{{8,}})\.{extension}", hashed)
        assert found, hashed
        assert digest.startswith(found[1]), hashed


def test_scripts_name_what_there_is(built: Path) -> None:
    own = [file.name for file in (build.PORTAL / "static").glob("*.js")]
    assert own
    for plain in own:
        script = (built / "static" / manifest(built)[plain]).read_text(encoding="utf-8")
        for name in re.findall(r"""["'](?:\./|/static/)([^"'?]+)["']""", script):
            assert (built / "static" / name).is_file(), f"{plain} names {name}"


def test_nothing_is_asked_of_another_host(built: Path) -> None:
    for file in (built / "static").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "sourceMappingURL" not in text, file.name
        if file.suffix == ".css":
            assert "//" not in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), file.name
            assert "@import" not in text, file.name


def test_nothing_is_built_twice(out: Path, theme: Path) -> None:
    assert not build.is_current(out, theme)
    assert build.ensure(out, theme)
    assert build.is_current(out, theme)
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
    assert not build.ensure(out, theme)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == before


def test_only_what_changed_has_another_name(out: Path, theme: Path) -> None:
    build.ensure(out, theme)
    before = manifest(out)
    (theme / "tokens.css").write_text(":root { --ink: #123456; }", encoding="utf-8")
    assert build.ensure(out, theme)
    after = manifest(out)
    assert {name for name in before if before[name] != after[name]} == {"tokens.css"}
    assert not (out / "static" / before["tokens.css"]).exists()


def test_a_script_changes_its_name_with_what_it_imports(out: Path, theme: Path) -> None:
    (theme / "upper.js").write_text('import { lower } from "./lower.js";\nlower();\n', encoding="utf-8")
    (theme / "lower.js").write_text("export const lower = () => 1;\n", encoding="utf-8")
    build.ensure(out, theme)
    before = manifest(out)
    (theme / "lower.js").write_text("export const lower = () => 2;\n", encoding="utf-8")
    build.ensure(out, theme)
    after = manifest(out)
    assert before["upper.js"] != after["upper.js"]
    assert after["lower.js"] in (out / "static" / after["upper.js"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("imported", "said"), [("./nowhere.js", "upper.js imports nowhere.js"), ("./upper.js", "upper.js imports itself")]
)
def test_an_import_that_cannot_be_is_said(out: Path, theme: Path, imported: str, said: str) -> None:
    (theme / "upper.js").write_text(f'import "{imported}";\n', encoding="utf-8")
    with pytest.raises(build.BuildError, match=said):
        build.ensure(out, theme)
    assert not build.is_current(out, theme)


def test_a_failed_build_leaves_the_last_one(out: Path, theme: Path) -> None:
    build.ensure(out, theme)
    before = manifest(out)
    (theme / "upper.js").write_text('import "./nowhere.js";\n', encoding="utf-8")
    with pytest.raises(build.BuildError):
        build.ensure(out, theme)
    assert manifest(out) == before
    assert all((out / "static" / name).is_file() for name in before.values())


def test_two_builds_at_once_make_one_whole(built: Path, out: Path) -> None:
    command = [sys.executable, "-m", "services.portal.assets", f"--out={out}"]
    at_once = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[1] for process in at_once]
    assert [process.returncode for process in at_once] == [0, 0, 0], said
    assert set(manifest(out)) == set(manifest(built))
    assert all((out / "static" / name).is_file() for name in manifest(out).values())


def test_the_command_says_whether_something_is_to_be_built(out: Path) -> None:
    assert run("--check", f"--out={out}").returncode == 1
    assert not out.exists()
    assert run(f"--out={out}").returncode == 0
    assert run("--check", f"--out={out}").returncode == 0


def unreachable(folder: Path) -> dict[str, str]:
    """As npm finds it without a network, and without waiting for one."""
    return {
        "npm_config_registry": "http://127.0.0.1:1",
        "npm_config_cache": str(folder / "cache"),
        "npm_config_fetch_retries": "0",
    }


def test_no_network_is_said_without_a_traceback(tmp_path: Path) -> None:
    done = run(f"--out={tmp_path / 'dist'}", **unreachable(tmp_path))
    assert done.returncode == 1
    assert "could not be downloaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "dist").exists()


@pytest.fixture
def stack(tmp_path: Path) -> Callable[..., Surroundings]:
    """A stack whose user has set this."""
    settings = StackSettings(21000, 21001, "tests", empty=True)

    def make(**said: str) -> Surroundings:
        return Surroundings(Folder(tmp_path), settings, {**os.environ, "PYTHONPATH": str(ROOT), **said})

    return make


def test_the_launcher_prepares_the_pages_once(
    stack: Callable[..., Surroundings], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.prepare(stack(BOURSE_ASSETS=str(out)))
    assert capsys.readouterr().out == "Preparing the portal's pages ...\n"
    assert manifest(out)
    pages.prepare(stack(BOURSE_ASSETS=str(out)))
    assert capsys.readouterr().out == ""


def test_the_launcher_tells_of_the_download_and_of_its_failure(
    stack: Callable[..., Surroundings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LauncherError, match="could not be downloaded"):
        pages.prepare(stack(BOURSE_ASSETS=str(tmp_path / "dist"), **unreachable(tmp_path)))
    assert " MB; the first start only)" in capsys.readouterr().out


def test_the_launcher_builds_with_the_look_that_is_set(
    stack: Callable[..., Surroundings], out: Path, theme: Path
) -> None:
    (theme / "tokens.css").write_text(":root { --ink: #123456; }", encoding="utf-8")
    pages.prepare(stack(BOURSE_ASSETS=str(out), BOURSE_THEME=str(theme)))
    assert "#123456" in (out / "static" / manifest(out)["tokens.css"]).read_text(encoding="utf-8")


def test_the_build_is_given_npms_settings_and_no_secret(stack: Callable[..., Surroundings]) -> None:
    given = of_npm(
        stack(
            npm_config_registry="https://mirror.example.org/npm",
            NPM_TOKEN="of-the-mirror",
            NODE_EXTRA_CA_CERTS="/etc/ca.pem",
            HTTPS_PROXY="http://proxy.example.org:3128",
            BOURSE_POSTGRES_URL="postgresql://admin:secret@db/postgres",
            AWS_SECRET_ACCESS_KEY="secret",
        )
    )
    assert given["npm_config_registry"] == "https://mirror.example.org/npm"
    assert given["NPM_TOKEN"] == "of-the-mirror"
    assert given["NODE_EXTRA_CA_CERTS"] == "/etc/ca.pem"
    assert given["HTTPS_PROXY"] == "http://proxy.example.org:3128"
    assert "secret" not in " ".join(given.values())


def test_the_lock_pins_every_package_and_names_no_registry() -> None:
    lock: dict[str, Any] = json.loads((build.HERE / "package-lock.json").read_text(encoding="utf-8"))
    wanted: dict[str, Any] = json.loads((build.HERE / "package.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
    for name, version in wanted["dependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("NotoSans-Regular.ttf", "AZaz09éèçñãõœŒ€’–«»"),
        ("NotoSans-Bold.ttf", "AZaz09éèçñãõœŒ€’–«»"),
        ("NotoArabic-Regular.ttf", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي٠٩؟،"),
        ("NotoArabic-Bold.ttf", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي٠٩؟،"),
    ],
)
def test_the_fonts_have_the_letters_of_the_five_languages(built: Path, name: str, letters: str) -> None:
    with TTFont(built / "fonts" / name) as font:
        known = font.getBestCmap() or {}
    assert [letter for letter in letters if ord(letter) not in known] == []


def test_the_map_is_light_and_says_which_borders_are_disputed(built: Path) -> None:
    file = built / "static" / manifest(built)["world.svg"]
    assert len(gzip.compress(file.read_bytes())) <= 25_000
    image = ElementTree.parse(file).getroot()
    dashed = [path for path in image.iter("{http://www.w3.org/2000/svg}path") if path.get("class") == "d"]
    assert len(dashed) == 1
    assert len(dashed[0].get("d") or "") > 100


def test_the_countries_are_known_by_their_codes(built: Path) -> None:
    countries: list[dict[str, Any]] = json.loads((built / "world.json").read_text(encoding="utf-8"))["countries"]
    assert {one["name"] for one in countries if one["disputed"]} == DISPUTED
    assert {one["name"] for one in countries if one["code"] is None} == {"N. Cyprus", "Somaliland"}
    codes = [one["code"] for one in countries if one["code"]]
    assert len(codes) == len(set(codes))
    assert {"SN", "FR", "FJ", "TW", "PS", "EH", "XK"} <= set(codes)
    # Antarctica is not drawn; the rest are countries of the vocabulary, or territories that no sheet is of
    assert "AQ" not in codes
    assert len(set(codes) & set(vocabularies.countries())) > 160


@pytest.mark.parametrize("scale", ["110m", "50m"])
def test_the_zoomable_outlines_hold_no_more_than_is_drawn(built: Path, scale: str) -> None:
    file = built / "static" / manifest(built)[f"countries-{scale}.json"]
    topology = json.loads(file.read_text(encoding="utf-8"))
    shapes = topology["objects"]["countries"]["geometries"]
    assert len(shapes) > 170
    assert all(set(shape) <= {"type", "arcs", "properties"} for shape in shapes)
    assert sum(bool(shape.get("properties", {}).get("disputed")) for shape in shapes) == len(DISPUTED)
