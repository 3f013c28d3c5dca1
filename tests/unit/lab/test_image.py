# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import re

from lab import image, podman


def test_the_recipe_names_the_image():
    assert re.fullmatch(r"localhost/lab-host:[0-9a-f]{12}", image.reference())
    assert image.recipe() == image.recipe()


def test_another_package_is_another_recipe(monkeypatch):
    before = image.recipe()
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "vim"))
    assert image.recipe() != before


def test_another_file_is_another_recipe(monkeypatch, tmp_path):
    monkeypatch.setattr(image, "FILES", tmp_path)
    (tmp_path / "file").write_text("old", encoding="utf-8")
    monkeypatch.setattr(image, "SETUP", tmp_path / "file")
    before = image.recipe()
    (tmp_path / "file").write_text("new", encoding="utf-8")
    assert image.recipe() != before


def test_podman_is_called_in_a_view_of_its_own_with_a_storage_of_its_own():
    command = podman.command("ps")
    assert command[:2] == ["unshare", "--mount"]
    assert command[-6:] == [
        "podman",
        "--root",
        str(podman.DIRECTORY / "storage"),
        "--runroot",
        str(podman.RUNTIME_DIRECTORY / "storage"),
        "ps",
    ]


def test_limits_are_never_above_the_machine_s():
    options = podman.limits(lambda _limit: (1024, 20000))
    assert options == ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000")


def test_other_images_are_forgotten_and_never_the_new_one(monkeypatch, tmp_path):
    monkeypatch.setattr(image, "CACHE", tmp_path)
    monkeypatch.setattr(podman, "images", lambda: [image.reference(), "localhost/lab-host:0123456789ab"])
    calls = []
    monkeypatch.setattr(podman, "podman", lambda *arguments, **_options: calls.append(arguments))
    for name in (f"image-{image.recipe()}.tar", "image-0123456789ab.tar"):
        (tmp_path / name).touch()
    image._forget_others()
    assert calls == [("rmi", "localhost/lab-host:0123456789ab")]
    assert [path.name for path in tmp_path.iterdir()] == [f"image-{image.recipe()}.tar"]
