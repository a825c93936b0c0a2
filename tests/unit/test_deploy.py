"""The container and its deployments: each is what its schema allows, and all agree with one another."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from onemo.cli.main import app

from tests.support import dockerfile
from tests.support.dockerfile import ROOT
from tests.support.models import SERIES

DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.executable).parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
MANIFESTS: dict[str, Any] = {
    manifest["kind"]: manifest for manifest in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
}
POD: dict[str, Any] = MANIFESTS["StatefulSet"]["spec"]["template"]["spec"]
(IN_POD,) = POD["containers"]
LAB: list[dict[str, Any]] = tomllib.loads((DEPLOY / "lab.toml").read_text())["module"]
LAB_PORTS = [
    urlsplit(module["link"].replace("{i}", str(place))).port
    for module in LAB
    for place in range(module.get("count", 1))
]
DOCS = (ROOT / "docs/container.md").read_text()
USER = "10001"
CONTROL = 8080
PING = f"{USER} {USER}"


def checked(tool: str, *arguments: str) -> None:
    """Raises AssertionError with what the tool found."""
    done = subprocess.run([TOOLS / tool, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- The schemas


def test_the_dockerfile_is_clean() -> None:
    checked("hadolint", "--failure-threshold", "style", "Dockerfile")


def test_the_compose_file_is_one() -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml")


@pytest.mark.parametrize("version", ["1.28", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_manifests_are_some(kind: str, version: str) -> None:
    """From 1.28 on a pod knows its number in a StatefulSet."""
    assert kubernetes_validate.validate(MANIFESTS[kind], version, strict=True)


# ---- The image


def test_the_base_is_pinned_and_can_be_chosen() -> None:
    assert [value.split()[0] for value in dockerfile.values("FROM")] == ["${BASE}"] * 2
    base = dockerfile.values("ARG")[0]
    assert re.fullmatch(r"BASE=python:3\.\d+\.\d+-slim-[a-z]+", base)


def test_what_pip_installs_is_pinned() -> None:
    (run,) = dockerfile.values("RUN", stage=0)
    installs = [step for step in run.split("&&") if " install " in step]
    assert len(installs) == 2
    assert all("--constraint constraints.txt" in step for step in installs)
    assert "[control,tls]" in installs[-1]
    assert "--mount=type=cache,target=/root/.cache/pip" in dockerfile.TEXT


def test_the_labels_say_what_the_project_says() -> None:
    (said,) = dockerfile.values("LABEL")
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', said))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert labels["version"] == VERSION
    assert labels["title"] == project["name"]
    assert labels["licenses"] == project["license"]
    assert project["description"].startswith(labels["description"])


def test_nobody_is_root() -> None:
    assert dockerfile.values("USER") == [f"{USER}:{USER}"]
    assert f"-o {USER} -g {USER} /data" in dockerfile.values("RUN", stage=1)[0]
    security = POD["securityContext"]
    assert {security[name] for name in ("runAsUser", "runAsGroup", "fsGroup")} == {int(USER)}


def test_all_that_is_copied_is_there_and_sent_to_the_engine() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert ignored[0] == "*"
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for value in dockerfile.values("COPY")
        if not value.startswith("--from")
        for source in value.split()[:-1]
    }
    assert copied == sent
    assert [source for source in sent if not (ROOT / source).exists()] == []


def test_the_scripts_can_be_started() -> None:
    for name in (*dockerfile.words("ENTRYPOINT"), *dockerfile.words("HEALTHCHECK")):
        assert os.access(ROOT / "scripts/container" / name, os.X_OK)


# ---- The command lines


StartedBy = Callable[..., list[str]]


@pytest.fixture
def started_by(tmp_path: Path) -> StartedBy:
    """The arguments of onemo-emulator that the container's entry point makes of its own."""
    stand_in = tmp_path / "onemo-emulator"
    stand_in.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    stand_in.chmod(0o755)

    def go(*arguments: str) -> list[str]:
        command = [str(ROOT / "scripts/container/entrypoint"), *arguments]
        done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=10)
        assert done.stderr == ""
        return done.stdout.splitlines()

    return go


COMMAND_LINES = {
    "Dockerfile": dockerfile.words("CMD"),
    **{f"compose {name}": service["command"] for name, service in SERVICES.items()},
    "Kubernetes": [word.replace("$(ONEMO_SLICE)", "1") for word in IN_POD["args"]],
    **{told: shlex.split(told, comments=True) for told in re.findall(r"docker run .* onemo-emulator (.+)", DOCS)},
}


@pytest.mark.parametrize("origin", COMMAND_LINES)
def test_every_command_line_is_understood(origin: str, started_by: StartedBy, tmp_path: Path) -> None:
    arguments = started_by(*(word.replace("/profiles", str(tmp_path)) for word in COMMAND_LINES[origin]))
    command, _, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert command.__name__ == arguments[0].replace("-", "_")


def test_a_model_is_told_from_a_command(started_by: StartedBy) -> None:
    for series in SERIES:
        for name in (series, series.lower()):
            assert started_by(name) == ["run", "--rfc2217", "0.0.0.0:2217", name]
    for command in app:
        assert started_by(command, "ML307R") == [command, "ML307R"]
    assert started_by("--sandbox", "-v") == ["run", "--rfc2217", "0.0.0.0:2217", "--sandbox", "-v"]
    assert started_by("ACME", "--name", "two words") == [
        "run",
        "--rfc2217",
        "0.0.0.0:2217",
        "ACME",
        "--name",
        "two words",
    ]


def test_what_the_page_says() -> None:
    links = re.findall(r"\]\(\.\./([^)]+)\)", DOCS)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
    assert f"onemo-emulator:{VERSION} " in DOCS
    assert f"--sysctl net.ipv4.ping_group_range='{PING}'" in DOCS
    (replicas,) = re.findall(r"--replicas (\d+) +# (\d+) modules", DOCS)
    assert int(replicas[0]) * len(LAB_PORTS) == int(replicas[1])


# ---- What has to agree


def test_the_ports_of_one_module(started_by: StartedBy) -> None:
    port = started_by(*dockerfile.words("CMD"))[2].rpartition(":")[2]
    assert dockerfile.values("EXPOSE") == [port]
    assert SERVICES["modem"]["ports"] == [f"127.0.0.1:{port}:{port}", f"127.0.0.1:{CONTROL}:{CONTROL}"]


def test_the_ports_of_the_lab() -> None:
    assert len(set(LAB_PORTS)) == len(LAB_PORTS) > 1
    (service,) = [manifest for kind, manifest in MANIFESTS.items() if kind == "Service"]
    assert [port["port"] for port in service["spec"]["ports"]] == [*LAB_PORTS, CONTROL]
    assert [port["containerPort"] for port in IN_POD["ports"]] == [*LAB_PORTS, CONTROL]
    assert [port["name"] for port in IN_POD["ports"]] == [port["name"] for port in service["spec"]["ports"]]
    published: list[int] = []
    *modules, control = SERVICES["lab"]["ports"]
    assert control.endswith(f":{CONTROL}")
    for entry in modules:
        _, host, inside = entry.split(":")
        assert host == inside
        first, _, last = inside.partition("-")
        published += range(int(first), int(last or first) + 1)
    assert published == LAB_PORTS


def test_the_control_has_its_token_from_a_secret() -> None:
    """Of a file, which the entry point reads; all objects that there are."""
    for service in SERVICES.values():
        assert service["command"][-2:] == ["--control", f"0.0.0.0:{CONTROL}"]
        assert service["secrets"] == ["control-token"]
        assert service["environment"] == {"ONEMO_CONTROL_TOKEN_FILE": "/run/secrets/control-token"}
    assert COMPOSE["secrets"] == {"control-token": {"file": "./control-token"}}
    assert IN_POD["args"][-2:] == ["--control", f"0.0.0.0:{CONTROL}"]
    (generated,) = KUSTOMIZATION["secretGenerator"]
    (secret,) = [volume for volume in POD["volumes"] if "secret" in volume]
    (mount,) = [mount for mount in IN_POD["volumeMounts"] if mount["name"] == secret["name"]]
    assert secret["secret"]["secretName"] == generated["name"]
    (file,) = generated["files"]
    assert {"name": "ONEMO_CONTROL_TOKEN_FILE", "value": f"{mount['mountPath']}/{file}"} in IN_POD["env"]
    assert f"/deploy/{file}" in (ROOT / ".gitignore").read_text().splitlines()
    assert set(MANIFESTS) == {"Service", "StatefulSet"}


def test_the_entry_point_reads_the_token(tmp_path: Path) -> None:
    stand_in = tmp_path / "onemo-emulator"
    stand_in.write_text('#!/bin/sh\nprintf %s "$ONEMO_CONTROL_TOKEN"\n')
    stand_in.chmod(0o755)
    (tmp_path / "token").write_text("secret\n")
    entry = [str(ROOT / "scripts/container/entrypoint"), "ML307R"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ONEMO_CONTROL_TOKEN_FILE": str(tmp_path / "token")}
    assert subprocess.run(entry, env=environment, capture_output=True, text=True, timeout=10).stdout == "secret"
    environment["ONEMO_CONTROL_TOKEN_FILE"] += "-none"
    missing = subprocess.run(entry, env=environment, capture_output=True, text=True, timeout=10)
    assert missing.returncode == 1
    assert missing.stderr.count("\n") == 1


def test_there_are_limits() -> None:
    assert IN_POD["resources"]["limits"].keys() == {"cpu", "memory"}
    for service in SERVICES.values():
        assert {"cpus", "mem_limit", "pids_limit"} <= service.keys()


def test_the_lab_listens_where_others_reach_it() -> None:
    for module in LAB:
        assert urlsplit(module["link"]).hostname == "0.0.0.0"
        assert "{n}" in module["name"], "each slice has modules of its own"
        assert module["nv"] == "/data"


def test_the_lab_file_comes_to_where_the_command_looks() -> None:
    (generated,) = KUSTOMIZATION["configMapGenerator"]
    assert generated["files"] == ["lab.toml"]
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in IN_POD["volumeMounts"]}
    assert volumes["lab"]["configMap"]["name"] == generated["name"]
    assert IN_POD["args"][1] == f"{mounts['lab']}/lab.toml"
    assert f"./lab.toml:{SERVICES['lab']['command'][1]}:ro" in SERVICES["lab"]["volumes"]
    for resource in KUSTOMIZATION["resources"]:
        assert (DEPLOY / resource).is_file()


def test_the_places_that_are_written_are() -> None:
    """All else is read-only."""
    assert dockerfile.environment()["ONEMO_READY_FILE"].startswith("/tmp/")
    written = {mount["mountPath"] for mount in IN_POD["volumeMounts"] if not mount.get("readOnly")}
    assert written == {"/tmp", dockerfile.environment()["XDG_DATA_HOME"]}
    mounted = {mount["name"] for mount in IN_POD["volumeMounts"]}
    claims = MANIFESTS["StatefulSet"]["spec"]["volumeClaimTemplates"]
    assert mounted == {volume["name"] for volume in (*POD["volumes"], *(claim["metadata"] for claim in claims))}
    for service in SERVICES.values():
        assert service["read_only"]
        assert service["tmpfs"] == ["/tmp"]
        assert service["volumes"][-1].endswith(":/data")


def test_the_probes_ask_what_the_healthcheck_asks() -> None:
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert IN_POD[probe]["exec"]["command"] == dockerfile.words("HEALTHCHECK")


def test_pings_are_let() -> None:
    assert POD["securityContext"]["sysctls"] == [{"name": "net.ipv4.ping_group_range", "value": PING}]
    for service in SERVICES.values():
        assert service["sysctls"] == {"net.ipv4.ping_group_range": PING}


def test_the_selectors_select() -> None:
    spec = MANIFESTS["StatefulSet"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels == MANIFESTS["Service"]["spec"]["selector"]
    assert spec["serviceName"] == MANIFESTS["Service"]["metadata"]["name"]


def test_the_image_is_of_this_version() -> None:
    images = [IN_POD["image"], *(service["image"] for service in SERVICES.values())]
    assert set(images) == {f"onemo-emulator:{VERSION}"}
    assert not fnmatch(images[0], "*:latest"), "the kubelet would ask a registry for it"
