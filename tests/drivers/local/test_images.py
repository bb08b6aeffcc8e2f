"""Images of single programs, and archives that somebody brings for all real nodes."""

import gzip
import json
import platform
import signal
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clusterwright.cli import app
from clusterwright.drivers.local import archives, images, nodeprograms, pause
from clusterwright.drivers.local.nodefiles import NodeFolder
from clusterwright.drivers.local.spaces import Network

NAME = "localhost/tests/one:1"
here_alone = pytest.mark.skipif(
    platform.machine() not in pause.MACHINES, reason="no program of ours runs on this machine"
)
(ANOTHER, *_) = pause.MACHINES.keys() - {platform.machine()}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "one.tar"
    images.write(path, NAME, {"bin/one": b"a program"}, ["/bin/one"])
    return path


def content(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(name)
        assert file
        return file.read()


def blob(archive: Path, descriptor: dict[str, Any]) -> bytes:
    """What a descriptor means, which must be what it says."""
    data = content(archive, "blobs/" + descriptor["digest"].replace(":", "/"))
    assert descriptor["digest"] == f"sha256:{sha256(data).hexdigest()}"
    assert descriptor["size"] == len(data)
    return data


def test_an_image_is_a_layout_whose_digests_and_sizes_are_right(
    archive: Path, tmp_path: Path
) -> None:
    (described,) = json.loads(content(archive, "index.json"))["manifests"]
    manifest = json.loads(blob(archive, described))
    config = json.loads(blob(archive, manifest["config"]))
    (layer,) = manifest["layers"]
    (tmp_path / "layer.tar").write_bytes(blob(archive, layer))

    assert described["annotations"][images.NAME] == NAME
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    assert config["config"]["Entrypoint"] == ["/bin/one"]
    assert content(tmp_path / "layer.tar", "bin/one") == b"a program"


def test_the_same_programs_make_the_same_image(archive: Path, tmp_path: Path) -> None:
    images.write(tmp_path / "again.tar", NAME, {"bin/one": b"a program"}, ["/bin/one"])

    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


@here_alone
def test_the_program_of_sandboxes_waits_until_it_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(pause.executable())
    program.chmod(0o755)

    with subprocess.Popen([program]) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.2)
        waiting.kill()

    assert waiting.returncode == -signal.SIGKILL


def test_archives_that_are_called_alike_are_imported_once_each(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / archive.name
    other.parent.mkdir()
    images.write(other, NAME, {"bin/other": b"another program"}, ["/bin/other"])
    home = NodeFolder(tmp_path / "node")
    home.make()
    imported: list[str] = []

    def note(_network: Network, _uid: str, arguments: list[str]) -> bool:
        imported.append(arguments[-1])
        return True

    monkeypatch.setattr(nodeprograms, "_import", note)
    for _ in range(3):
        nodeprograms.import_images(home, Network(tmp_path / "cluster"), [archive, other])

    assert imported == [str(archive), str(other)]


def test_a_program_under_many_names_is_in_an_image_once(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"a program")
    path = tmp_path / "many.tar"
    images.write(path, NAME, {"bin/one": program, "bin/two": program}, ["/bin/one"], ["hello"])

    manifest = json.loads(blob(path, json.loads(content(path, "index.json"))["manifests"][0]))
    (tmp_path / "layer.tar").write_bytes(blob(path, manifest["layers"][0]))

    assert json.loads(blob(path, manifest["config"]))["config"]["Cmd"] == ["hello"]
    with tarfile.open(tmp_path / "layer.tar") as layer:
        assert layer.getmember("bin/two").islnk()
    assert content(tmp_path / "layer.tar", "bin/two") == b"a program"


def test_an_archive_is_kept_without_its_compression(archive: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.tar.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))

    assert archives.keep(packed, tmp_path / "images") == [NAME]

    assert (tmp_path / "images" / "packed.tar").read_bytes() == archive.read_bytes()


def test_what_docker_saves_is_known_by_its_tags(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('[{"RepoTags": ["a:1", "b:2"]}, {"RepoTags": null}]')
    with tarfile.open(tmp_path / "saved.tar", "w") as saved:
        saved.add(tmp_path / "manifest.json", "manifest.json")

    assert archives.keep(tmp_path / "saved.tar", tmp_path / "images") == ["a:1", "b:2"]


@pytest.mark.parametrize(
    ("bytes_of", "reason"),
    [
        (lambda whole: b"no archive", "no whole archive"),
        (lambda whole: gzip.compress(whole)[:-20], "no whole archive"),
        (lambda whole: whole.replace(images.NAME.encode(), b"x" * len(images.NAME)), "no image"),
        (lambda whole: whole.replace(b'"manifests"', b'"manifest_"'), "does not describe"),
    ],
)
def test_any_other_archive_is_refused_and_not_kept(
    archive: Path, tmp_path: Path, bytes_of: Any, reason: str
) -> None:
    spoilt = tmp_path / "spoilt.tar"
    spoilt.write_bytes(bytes_of(archive.read_bytes()))

    with pytest.raises(archives.NoImages, match=reason):
        archives.keep(spoilt, tmp_path / "images")

    assert list((tmp_path / "images").glob("*")) == []


@here_alone
def test_a_program_by_itself_becomes_an_image_that_begins_with_it(tmp_path: Path) -> None:
    program = tmp_path / "My_Program.2"
    program.write_bytes(pause.executable())

    assert archives.keep(program, tmp_path / "images") == ["localhost/my-program-2:local"]

    kept = tmp_path / "images" / "my-program-2.tar"
    manifest = json.loads(blob(kept, json.loads(content(kept, "index.json"))["manifests"][0]))
    (tmp_path / "layer.tar").write_bytes(blob(kept, manifest["layers"][0]))
    start = json.loads(blob(kept, manifest["config"]))["config"]["Entrypoint"]
    assert start == ["/bin/my-program-2"]
    assert content(tmp_path / "layer.tar", "bin/my-program-2") == program.read_bytes()


@here_alone
@pytest.mark.parametrize(
    ("name", "bytes_of", "reason"),
    [
        ("one", lambda _: Path(sys.executable).read_bytes(), "needs libraries"),
        ("one", lambda _: pause.executable(ANOTHER), "another kind of machine"),
        ("one", lambda whole: whole[:9], "another kind of machine"),
        ("one", lambda whole: whole[:4] + b"\x01" + whole[5:], "another kind of machine"),
        ("__", lambda whole: whole, "no name"),
    ],
)
def test_a_program_that_could_not_run_by_itself_is_refused_and_not_kept(
    tmp_path: Path, name: str, bytes_of: Any, reason: str
) -> None:
    program = tmp_path / name
    program.write_bytes(bytes_of(pause.executable()))

    with pytest.raises(archives.NoImages, match=reason):
        archives.keep(program, tmp_path / "images")

    assert list((tmp_path / "images").glob("*")) == []


def test_the_command_keeps_archives_in_the_data_folder(archive: Path, tmp_path: Path) -> None:
    words = ["kubernetes", "import", str(archive), "--data", str(tmp_path / "data")]

    done = CliRunner().invoke(app, words)

    assert done.exit_code == 0, done.output
    assert NAME in done.output
    assert (tmp_path / "data" / "local" / archives.FOLDER / "one.tar").is_file()
