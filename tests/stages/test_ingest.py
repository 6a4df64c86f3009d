"""ingest as a user runs it, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import fsspec
import pandas as pd
import pytest
import yaml
from bundles import write_video
from coded_clips import coded_picture, write_coded, write_pictures
from file_server import Served, file_server

from sora.errors import SoraError
from sora.manifest import read_table
from sora.params import Runtime, Settings, convert
from sora.stages import ingest

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(0, Runtime(num_workers=2, video_timeout_seconds=30.0, video_memory_gib=4.0))
DEFAULTS = yaml.safe_load((ROOT / "params.yaml").read_text())["ingest"]

Run = Callable[..., pd.DataFrame]


def params(**changes: object) -> ingest.Params:
    return convert(ingest.Params, DEFAULTS | {"source": "videos"} | changes, "ingest")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ingest in an empty folder; give the manifest by path."""
    monkeypatch.chdir(tmp_path)

    def ran(**changes: object) -> pd.DataFrame:
        ingest.run(params(**changes), SETTINGS)
        return read_table(Path("data/manifest.csv")).set_index("path")

    return ran


def class_folders(root: Path = Path("videos"), num_videos: int = 2) -> None:
    for label in ("run", "walk"):
        for number in range(num_videos):
            path = root / label / f"{label}_g{number}_c.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_video(path, num_frames=8, seed=hash((label, number)) % 1000)


FOUR = [f"{label}/{label}_g{number}_c.mp4" for label in ("run", "walk") for number in range(2)]


def snapshot(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    seen = [
        path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in seen}


def test_every_input_gets_an_outcome_and_one_new_video_costs_one(run: Run, capsys, tmp_path: Path):
    class_folders()
    Path("videos/run/empty.mp4").touch()
    Path("videos/run/notes.txt").write_text("notes")
    Path("videos/walk/z_copy.mp4").write_bytes(Path("videos/walk/walk_g0_c.mp4").read_bytes())
    manifest = run()
    assert manifest["outcome"].to_dict() == {
        "run/empty.mp4": "failed",
        "run/run_g0_c.mp4": "ok",
        "run/run_g1_c.mp4": "ok",
        "walk/walk_g0_c.mp4": "ok",
        "walk/walk_g1_c.mp4": "ok",
        "walk/z_copy.mp4": "skipped",
        "run/notes.txt": "skipped",
    }
    assert manifest.loc["run/empty.mp4", "reason"] == "is empty (0 bytes)"
    assert manifest["start_seconds"].isna().all()
    splits = read_table(Path("data/splits.csv"))
    assert set(splits["path"]) == set(manifest.index) - {"walk/z_copy.mp4", "run/notes.txt"}
    failures = read_table(Path("reports/failures.csv"))
    assert failures[["path", "reason"]].to_numpy().tolist() == [["run/empty.mp4", "is empty (0 bytes)"]]
    assert capsys.readouterr().err.startswith("ingest: 5 videos in ")

    before = snapshot(tmp_path / "data"), Path("reports/failures.csv").read_bytes()
    run()
    assert "ingest: 0 videos in 0.0 s, 5 already stored" in capsys.readouterr().err
    assert (snapshot(tmp_path / "data"), Path("reports/failures.csv").read_bytes()) == before
    write_video(Path("videos/walk/walk_g7_c.mp4"), num_frames=8, seed=77)
    run()
    assert capsys.readouterr().err.startswith("ingest: 1 videos in ")


def test_the_result_is_that_of_a_run_from_scratch(run: Run, tmp_path: Path, monkeypatch):
    class_folders()
    run(cut="windows", window_seconds=0.3)
    Path("videos/run/run_g0_c.mp4").unlink()
    write_video(Path("videos/run/run_g9_c.mp4"), num_frames=8, seed=9)
    run(cut="windows", window_seconds=0.4)
    (tmp_path / "fresh").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    Path("videos").symlink_to(tmp_path / "videos")
    run(cut="windows", window_seconds=0.4)
    assert snapshot(tmp_path / "fresh/data") == snapshot(tmp_path / "data")


def test_parts_and_labels_of_a_table(run: Run):
    Path("videos").mkdir()
    write_coded(Path("videos/film.mp4"), count=50)  # 2 s
    write_coded(Path("videos/other.mkv"), count=25, size=(96, 64))
    rows = ["film.mp4,walk; run,0,1", "film.mp4,walk,1,", "*.mkv,run,,"]
    Path("videos/labels.csv").write_text("path,label,start_seconds,end_seconds\n" + "\n".join(rows))
    manifest = run()
    assert manifest["label"].to_dict() == {
        "film.mp4#t=0,1": "run;walk",
        "film.mp4#t=1": "walk",
        "other.mkv": "run",
    }
    assert list(manifest["num_frames_decoded"]) == [25, 25, 25]
    assert list(manifest["duration_seconds"]) == [1.0, 1.0, 1.0]
    assert list(manifest["decoded_share"]) == [1.0, 1.0, 1.0]
    assert set(manifest["file"]) == {"videos/film.mp4", "videos/other.mkv"}
    assert manifest["content_hash"].nunique() == 3
    assert set(manifest.loc[["film.mp4#t=0,1", "film.mp4#t=1"], "group"]) == {"film.mp4"}
    assert manifest["perceptual_hash"].nunique() == 3


def test_shots_become_videos_of_one_group_and_are_found_once(run: Run, capsys, monkeypatch):
    class_folders()
    shots = [coded_picture(index) for index, count in ((1, 30), (254, 30), (8, 5)) for _ in range(count)]
    write_pictures(Path("videos/run/film.mp4"), shots, fps=25)
    manifest = run(cut="shots", min_shot_seconds=0.5, shot_threshold=20)
    film = manifest[manifest["file"] == "videos/run/film.mp4"]
    assert film["outcome"].to_dict() == {
        "run/film.mp4#t=0,1.18": "ok",
        "run/film.mp4#t=1.18,2.38": "ok",
        "run/film.mp4#t=2.38": "skipped",
    }
    assert film["reason"].iloc[2] == "lasts 0.22 s, at least 0.5 expected"
    assert list(film["num_frames_decoded"]) == [30, 30, 0]
    assert set(film["group"]) == {"run/film.mp4"}
    assert "run/run_g0_c.mp4" in manifest.index
    assert "cut: 5 videos in " in capsys.readouterr().err
    run(cut="shots", min_shot_seconds=0.5, shot_threshold=20)
    told = capsys.readouterr().err
    assert "cut: 0 videos in 0.0 s, 5 already stored" in told
    assert "ingest: 0 videos in 0.0 s, 6 already stored" in told


def test_videos_by_url_are_fetched_once_and_bad_ones_cost_themselves(run: Run, tmp_path: Path):
    class_folders(tmp_path / "remote", 1)
    good = (tmp_path / "remote/run/run_g0_c.mp4").read_bytes()
    files = {"a.mp4": Served(good, breaks_after=[1000]), "gone.mp4": Served(status=404)}
    Path("videos").mkdir()
    with file_server(files) as url:
        local = (tmp_path / "remote/walk/walk_g0_c.mp4").as_uri()
        rows = [f"{url}/a.mp4,run", f"{url}/gone.mp4,run", f"{local},walk"]
        Path("videos/labels.csv").write_text("path,label\n" + "\n".join(rows))
        manifest = run()
        run()
    assert manifest["outcome"].to_dict() == {
        local: "ok",
        f"{url}/a.mp4": "ok",
        f"{url}/gone.mp4": "failed",
    }
    assert manifest.loc[f"{url}/gone.mp4", "reason"] == ("not fetched: the server answers 404 (Not Found)")
    assert manifest.loc[f"{url}/a.mp4", "size_bytes"] == len(good)
    assert [len(served.ranges) for served in files.values()] == [2, 2]
    urls = read_table(Path("data/fetched/urls.csv")).set_index("url")["file"]
    assert set(urls.index) == {local, f"{url}/a.mp4"}
    assert {path.name for path in Path("data/fetched").iterdir()} == {"urls.csv", *urls}
    assert manifest.loc[local, "file"] == f"data/fetched/{urls[local]}"
    assert list(Path("data/.partial").iterdir()) == []


def test_folds_and_groups_by_pattern(run: Run):
    class_folders(num_videos=4)
    tested: list[str] = []
    for fold in range(4):
        manifest = run(num_folds=4, fold=fold, group_pattern=r"_(?P<group>g\d+)_", val_share=0.0)
        splits = read_table(Path("data/splits.csv")).set_index("path")["split"]
        groups = set(manifest.loc[splits.index[splits == "test"], "group"])
        assert len(groups) == 1
        tested += groups
    assert sorted(tested) == ["g0", "g1", "g2", "g3"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_folds": 1}, "num_folds must be 0 or at least 2, and fold below it"),
        ({"num_folds": 3, "fold": 3}, "num_folds must be 0 or at least 2, and fold below it"),
        ({"num_folds": 3, "split_column": "part"}, "exclude each other"),
        ({"group_pattern": "_(g"}, r"group_pattern is not a regular expression: missing \)"),
        ({"group_pattern": "_(g)"}, r"group_pattern needs a part in \(\?P<group>...\)"),
        ({"cut": "scenes"}, "cut: input should be 'none', 'shots' or 'windows', got 'scenes'"),
    ],
)
def test_parameters_that_make_no_sense(changes: dict[str, object], message: str):
    with pytest.raises(SoraError, match=f"^ingest.*{message}"):
        params(**changes)


def test_a_split_column_without_test_videos_is_refused(run: Run):
    class_folders()
    rows = [
        f"{path.relative_to('videos')},{path.parent.name},train" for path in Path("videos").rglob("*.mp4")
    ]
    Path("videos/labels.csv").write_text("\n".join(["path,label,part", *rows]) + "\n")
    with pytest.raises(SoraError, match=r"videos/labels\.csv: no row says test in the column 'part'"):
        run(split_column="part")


def test_what_else_the_table_says_is_kept_apart_from_the_manifest(run: Run):
    class_folders()
    rows = [("run", 0), ("run", 1), ("walk", 0), ("walk", 1)]
    files = [(f"{label}/{label}_g{number}_c.mp4", label) for label, number in rows]

    def table(*cameras: str) -> str:
        lines = [f"{path},{label},{camera}" for (path, label), camera in zip(files, cameras, strict=True)]
        return "\n".join(["path,label,camera", *lines]) + "\n"

    Path("videos/labels.csv").write_text(table("front", "back", "front", ""))
    run()
    before = snapshot(Path("data"))
    assert read_table(Path("data/attributes.csv"))["camera"].fillna("").tolist() == [
        "front",
        "back",
        "front",
        "",
    ]
    Path("videos/labels.csv").write_text(table("top", "back", "front", ""))
    run()
    after = snapshot(Path("data"))
    assert {name for name in after if after[name] != before.get(name)} == {"attributes.csv"}


def test_a_bucket_is_fetched_once_and_what_changes_in_it_again(run: Run, tmp_path: Path):
    class_folders()
    storage, url = fsspec.filesystem("memory"), "memory://mine"
    storage.put(str(tmp_path / "videos"), "/mine", recursive=True)
    first = run(source=url)
    assert list(first.index) == [f"{url}/{name}" for name in FOUR]
    assert list(first["outcome"]) == ["ok"] * 4
    kept = snapshot(Path("data/fetched"))
    run(source=url)
    assert snapshot(Path("data/fetched")) == kept
    write_video(tmp_path / "other.mp4", num_frames=9, seed=77)
    storage.put(str(tmp_path / "other.mp4"), "/mine/walk/walk_g1_c.mp4")
    again = run(source=url)
    assert list(again["num_frames_decoded"]) == [8, 8, 8, 9]
    assert len(kept.items() & snapshot(Path("data/fetched")).items()) == 3
    assert len(snapshot(Path("data/fetched"))) == 5
