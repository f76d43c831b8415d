"""docker-compose.yml, deploy/Dockerfile and deploy/compose.env.example, checked by reading: no Docker engine is needed.

What only an engine can show (that the images start and find each other) is not shown here.
"""

import importlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import yaml

from backbone.settings import ServiceSettings
from deploy import production_check
from deploy.launcher.ports import DEFAULT_BASE_PORT, SERVICES, Need
from services.notifier.settings import Settings as NotifierSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "compose.env.example"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
NAMES = [service.name for service in SERVICES]
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:?[-?])([^}]*))?\})")


@cache
def raw() -> dict[str, Any]:
    """The file as written."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def interpolated(part: Any, environment: Mapping[str, str]) -> Any:
    """The same with its variables replaced, as Compose does it."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if name is None:
            return "$"
        given = environment.get(name)
        missing = given is None or (given == "" and str(operator).startswith(":"))
        if missing and operator in ("?", ":?"):
            raise ValueError(f"{name} is needed")
        return (rest or "") if missing else str(given)

    if isinstance(part, dict):
        fields = cast("dict[Any, Any]", part)
        return {key: interpolated(inner, environment) for key, inner in fields.items()}
    if isinstance(part, list):
        return [interpolated(inner, environment) for inner in cast("list[Any]", part)]
    return _VARIABLE.sub(value, part) if isinstance(part, str) else part


def variables(part: Any) -> Iterator[tuple[str, str, str]]:
    """Each variable used: its name, operator and what follows."""
    for match in _VARIABLE.finditer(json.dumps(part)):
        if match[1]:
            yield match[1], match[2] or "", match[3] or ""


@cache
def example() -> Mapping[str, str]:
    """The example's variables that are not commented out, passwords made up as it says."""
    pairs = re.findall(r"^(\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: secrets.token_hex(24) if name.endswith("_PASSWORD") else value for name, value in pairs}


def production() -> Mapping[str, str]:
    """The variables of some production."""
    given = {
        "BOURSE_DEMONSTRATION": "false",
        "BOURSE_PORTAL_URL": "https://bourse.test",
        "BOURSE_SMTP_URL": "smtp://user:secret@mail.test:587?starttls=required",
        "BOURSE_MAIL_FROM": "Bourse <bourse@bourse.test>",
        "BOURSE_DAECT_EMAIL": "daect@bourse.test",
    }
    return {**example(), **given}


def services(environment: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    return interpolated(raw()["services"], environment or example())


def settings_of(name: str) -> type[ServiceSettings]:
    return importlib.import_module(f"services.{name}.settings").Settings


def ours() -> dict[str, dict[str, Any]]:
    """The containers made from our image."""
    return {name: service for name, service in services().items() if "build" in service}


def test_every_service_of_the_code_is_there() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/app.py")}
    assert set(NAMES) == folders
    for name in NAMES:
        assert services()[name]["command"] == [f"services.{name}.app"]
        assert importlib.util.find_spec(f"services.{name}.app")


@pytest.mark.parametrize("name", NAMES)
def test_each_variable_is_a_setting_of_its_service(name: str) -> None:
    known = {f"BOURSE_{field.upper()}" for field in settings_of(name).model_fields}
    assert set(services()[name]["environment"]) <= known


@pytest.mark.parametrize("given", [example(), production()], ids=["demonstration", "production"])
@pytest.mark.parametrize("name", NAMES)
def test_each_service_accepts_what_it_is_given(
    name: str, given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("BOURSE_")]:
        monkeypatch.delenv(variable)
    for variable, value in services(given)[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    settings = settings_of(name)()
    assert settings.host == "0.0.0.0"
    assert settings.demonstration == (given["BOURSE_DEMONSTRATION"] == "true")
    if isinstance(settings, NotifierSettings):
        assert urlsplit(settings.smtp_url.get_secret_value()).port


_GIVEN = {
    Need.DATABASE: "BOURSE_DATABASE_URL",
    Need.KAFKA: "BOURSE_KAFKA_BOOTSTRAP",
    Need.SEARCH: "BOURSE_SEARCH_URL",
    Need.SMTP: "BOURSE_SMTP_URL",
    Need.DEPOSITS: "BOURSE_DEPOSIT_STORE_URL",
    Need.PUBLIC_DOCUMENTS: "BOURSE_PUBLIC_STORE_URL",
    Need.DAECT_EMAIL: "BOURSE_DAECT_EMAIL",
    Need.DEMONSTRATION_PASSWORD: "BOURSE_DEMONSTRATION_PASSWORD",
    Need.DIRECTORY: "BOURSE_SERVICE_URLS",
}


def test_each_service_is_given_what_it_needs() -> None:
    for service in SERVICES:
        environment = services()[service.name]["environment"]
        for need in service.needs & _GIVEN.keys():
            assert environment.get(_GIVEN[need]), f"{service.name}: {need}"


def test_ports_are_those_of_the_launcher() -> None:
    for service in SERVICES:
        port, made = DEFAULT_BASE_PORT + service.offset, services()[service.name]
        assert made["environment"]["BOURSE_PORT"] == port
        assert made["ports"] == [f"127.0.0.1:{port}:{port}"]
    published: list[str] = [str(port) for service in services().values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_addresses_between_services_are_right() -> None:
    ports = {service.name: DEFAULT_BASE_PORT + service.offset for service in SERVICES}
    portal = services()["portal"]["environment"]
    urls: dict[str, str] = json.loads(portal["BOURSE_SERVICE_URLS"])
    links: dict[str, str] = json.loads(portal["BOURSE_SERVICE_LINKS"])
    for found in (urls, links):
        others = {name: port for name, port in ports.items() if name != "portal"}
        assert {name: urlsplit(url).port for name, url in found.items()} == others
    assert all(urlsplit(url).hostname == name for name, url in urls.items())
    status = json.loads(services()["demonstration"]["environment"]["STATUS"])
    for name, service in status["services"].items():
        assert service["url"] == f"http://{name}:{ports[name]}"
    for name in NAMES:
        jwks = services()[name]["environment"].get("BOURSE_JWKS_URL")
        assert jwks in (None, f"http://accounts:{ports['accounts']}/.well-known/jwks.json")


def test_each_service_has_its_own_database_role_and_password() -> None:
    passwords = json.loads(services()["provision"]["environment"]["BOURSE_DATABASE_PASSWORDS"])
    urls = {name: services()[name]["environment"].get("BOURSE_DATABASE_URL") for name in NAMES}
    with_database = {service.name for service in SERVICES if service.has_database}
    assert set(passwords) == with_database == {name for name, url in urls.items() if url}
    for name in with_database:
        parts = urlsplit(str(urls[name]))
        assert (parts.username, parts.path) == (f"bourse_{name}", f"/bourse_{name}")
        assert parts.password == passwords[name]
    assert len(set(passwords.values())) == len(passwords)
    admin = urlsplit(str(services()["provision"]["environment"]["BOURSE_POSTGRES_URL"])).password
    assert admin == services()["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert admin not in passwords.values()
    told = [name for name, service in services().items() if str(admin) in json.dumps(service)]
    assert told == ["postgres", "provision"]


def test_dependencies_exist_and_can_come_about() -> None:
    found = services()
    for name, service in found.items():
        for other, dependency in service.get("depends_on", {}).items():
            assert other in found, f"{name} → {other}"
            condition = dependency["condition"]
            if condition == "service_completed_successfully":
                assert found[other]["restart"] == "no", f"{name} → {other}"
            else:
                assert condition == "service_healthy"
                assert not found[other].get("healthcheck", {}).get("disable"), f"{name} → {other}"
            # what only some profiles have must not be needed by what is in others
            if set(found[other].get("profiles", ())) - set(service.get("profiles", ())):
                assert dependency["required"] is False, f"{name} → {other}"


def test_who_depends_on_another_can_reach_it() -> None:
    found = services()
    for name, service in found.items():
        text = json.dumps(service.get("environment", {})) + json.dumps(service.get("command", []))
        for other, reached in found.items():
            if re.search(rf"(?://|@){other}:\d+", text) and "networks" in service:
                assert set(service["networks"]) & set(reached["networks"]), f"{name} → {other}"
    clients = {name for name, service in found.items() if "elasticsearch" in service.get("networks", ())}
    assert clients == {"elasticsearch", "search"}
    internal = {name for name, network in raw()["networks"].items() if network.get("internal")}
    assert internal == set(raw()["networks"]) - {"outside"}


def test_everything_that_runs_on_has_a_health_check() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    for name, service in services().items():
        if service["restart"] == "no":
            assert service["healthcheck"] == {"disable": True}, name
        else:
            assert "build" in service or service["healthcheck"]["test"], name


def test_the_image_s_health_check_asks_whether_the_service_is_ready(tmp_path: Path) -> None:
    found = re.search(r"HEALTHCHECK [^\[]*CMD (\[.*\])", DOCKERFILE)
    assert found
    program = [sys.executable, *json.loads(found[1])[1:]]
    server = (
        "import http.server, sys\n"
        "class Ready(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if self.path == '/health/ready' else 404); self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        "found = http.server.HTTPServer(('127.0.0.1', 0), Ready)\n"
        "print(found.server_port, flush=True)\n"
        "found.handle_request()\n"
    )
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        environment = {"BOURSE_PORT": process.stdout.readline().strip()}
        assert subprocess.run(program, env=environment, check=False).returncode == 0
    refused = subprocess.run(program, env=environment, check=False, capture_output=True)
    assert refused.returncode == 1


def test_containers_have_no_more_rights_than_they_need() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    for name, service in ours().items():
        assert service["read_only"] is True, name
    assert [
        name for name, service in services().items() for v in service.get("volumes", ()) if "docker.sock" in v
    ] == []
    deposits = {n: v for n, s in services().items() for v in s.get("volumes", ()) if v.startswith("deposits:")}
    assert set(deposits) == {"submission", "catalog"}
    assert deposits["catalog"].endswith(":ro")


def test_images_are_pinned_and_name_no_registry() -> None:
    images = {service["image"] for service in services().values()}
    built = re.findall(r"^(?:ARG PYTHON=|FROM )(\S+)", DOCKERFILE, re.MULTILINE)
    for image in (*images, *(name for name in built if name != "${PYTHON}")):
        name, _, tag = image.partition(":")
        assert re.match(r"v?\d+\.\d+", tag), image
        assert "." not in name.split("/")[0], image


def test_the_engines_are_of_the_versions_that_are_tested() -> None:
    images = {name: service["image"] for name, service in services().items()}
    assert images["postgres"].startswith("postgres:18")
    assert images["kafka"].startswith("apache/kafka:4.")
    assert images["elasticsearch"].startswith("elasticsearch:9.")
    assert services()["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_no_secret_has_a_default_and_each_is_explained() -> None:
    used = list(variables(raw()))
    for name, operator, _ in used:
        if name.endswith("_PASSWORD"):
            assert operator == ":?", name
    text = EXAMPLE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^(?:# )?(BOURSE_\w+)=", text, re.MULTILINE))
    assert explained == {name for name, _, _ in used}
    assert re.findall(r"^\w+_PASSWORD=(.+)$", text, re.MULTILINE) == []
    with pytest.raises(ValueError, match="is needed"):
        services({"BOURSE_DEMONSTRATION": "true"})


def test_the_example_s_command_makes_passwords() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    command = re.search(r"python3 -c \"(.*?)\" \\\n", text, re.DOTALL)
    assert command
    program = command[1].replace("\\\n#", "").replace("# ", "")
    made = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    ).stdout
    passwords = re.findall(r"^\w+_PASSWORD=([0-9a-f]{48})$", made, re.MULTILINE)
    assert len(set(passwords)) == len(re.findall(r"^\w+_PASSWORD=$", text, re.MULTILINE))


def test_the_demonstration_is_a_profile_and_off_in_production() -> None:
    profiles = {name: service["profiles"] for name, service in services().items() if "profiles" in service}
    assert profiles == {
        "mailpit": ["demonstration"],
        "demonstration": ["demonstration"],
        "production-check": ["production"],
    }
    given = services(production())
    assert production_check.wrong(given["production-check"]["environment"]) == []
    assert given["notifier"]["environment"]["BOURSE_SMTP_URL"].startswith("smtp://user:")
    waits = [name for name in (*NAMES, "provision") if "production-check" in given[name]["depends_on"]]
    assert set(waits) == {*NAMES, "provision"}


def test_a_production_with_the_settings_of_a_demonstration_is_refused() -> None:
    found = production_check.wrong(services()["production-check"]["environment"])
    assert [line.split()[0] for line in found] == [
        "BOURSE_DEMONSTRATION",
        "BOURSE_PORTAL_URL",
        "BOURSE_SMTP_URL",
        "BOURSE_MAIL_FROM",
        "BOURSE_DAECT_EMAIL",
    ]
    environment = {**os.environ, **services()["production-check"]["environment"]}
    command = [sys.executable, "-m", "deploy.production_check"]
    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "not a production: BOURSE_DEMONSTRATION must be false" in refused.stderr
    environment |= services(production())["production-check"]["environment"]
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def test_the_image_is_made_from_the_hashed_lock_and_runs_as_nobody() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)) == 2
    assert re.findall(r"^USER (\d+):", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert "://" not in re.sub(r"http://127\.0\.0\.1", "", DOCKERFILE)
    assert "index-url" not in DOCKERFILE


def test_the_image_holds_what_its_programs_import(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (?!--from|requirements)(.*)$", DOCKERFILE, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (tmp_path / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, tmp_path / target)
    left_out = re.findall(r"uninstall --yes (?!pip)(.*?)(?: \\|\n)", DOCKERFILE)[0].replace("-", "_").split()
    modules = {module for service in ours().values() for module in service.get("command", [])} | {"deploy.demo"}
    modules |= {f"services.{path.parent.name}.admin" for path in (tmp_path / "services").glob("*/admin.py")}
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({left_out!r}))\n"
        f"import importlib; [importlib.import_module(name) for name in {sorted(modules)!r}]"
    )
    # -P: what is not in the image must not be found in the current folder
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "BOURSE_DATABASE_URL": "postgresql://x/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _has_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0


if _has_compose():  # the client alone reads the file; where it is not there, the tests above are all there is

    @pytest.mark.parametrize("profile", ["demonstration", "production"])
    def test_compose_itself_accepts_the_file(profile: str) -> None:
        given = example() if profile == "demonstration" else production()
        command = ["docker", "compose", "--profile", profile, "config", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
