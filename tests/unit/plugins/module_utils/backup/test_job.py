"""What is known of a job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import job
from ansible_collections.freeagentics.platform.plugins.module_utils.backup.job import JobError, Record

FIRST = Record().started(1000.0, 3600.0)

number = st.floats(min_value=0, max_value=4e9).map(lambda value: float(f"{value:.15g}"))
perhaps = st.none() | number
records = st.builds(
    Record,
    perhaps,
    perhaps,
    perhaps,
    perhaps,
    perhaps,
    perhaps,
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True).filter(lambda name: name not in job.HELP), number
    ),
)


def test_a_job_that_was_started_has_no_end():
    assert job.render("dump", FIRST) == (
        "# HELP backup_job_time_limit_seconds How long the job may take.\n"
        "# TYPE backup_job_time_limit_seconds gauge\n"
        'backup_job_time_limit_seconds{job="dump"} 3600\n'
        "# HELP backup_job_last_start_timestamp_seconds When the job was last started.\n"
        "# TYPE backup_job_last_start_timestamp_seconds gauge\n"
        'backup_job_last_start_timestamp_seconds{job="dump"} 1000\n'
    )


def test_what_happened_stays_known():
    done = FIRST.ended(1010.5, 0, {"bytes": 5.0, "files": 1.0})
    failed = done.started(2000.0, 3600.0).ended(2001.0, 3, {"bytes": 6.0})
    assert done == Record(3600.0, 1000.0, 1010.5, 1010.5, 10.5, 0, {"bytes": 5.0, "files": 1.0})
    assert failed == Record(3600.0, 2000.0, 2001.0, 1010.5, 1.0, 3, {"bytes": 6.0, "files": 1.0})
    assert Record().ended(5.0, 1, {}).last_duration_seconds is None


@given(records)
def test_metrics_are_read_as_they_were_written(record):
    assert job.parse(job.render("a-job", record)) == record


def test_lines_of_others_are_passed_over():
    assert job.parse('up 1\nbackup_job_last_exit_status{job="a"} many\nbackup_job_bytes{job="a"} 1 2 3\n') == Record()


def test_a_refused_start():
    assert job.render_refusal("dump", 12.0) == (
        "# HELP backup_job_last_refused_timestamp_seconds When a start was last refused, because the job was running.\n"
        "# TYPE backup_job_last_refused_timestamp_seconds gauge\n"
        'backup_job_last_refused_timestamp_seconds{job="dump"} 12\n'
    )


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21600), ("1d", 86400)])
def test_durations(text, seconds):
    assert job.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "0s", "-1h", "1.5h", "6 h", "²h"])
def test_no_durations(text):
    with pytest.raises(JobError) as error:
        job.duration(text)
    assert str(error.value) == f"{text!r} is no time limit: write a number and s, m, h or d, as in 90s, 15m, 6h or 1d"


@pytest.mark.parametrize("name", ["", "A", "a_b", "a/b", "-a", "a-", "a--b", "a\n", ".a"])
def test_no_names(name):
    with pytest.raises(JobError) as error:
        job.checked_name(name)
    assert str(error.value) == (
        f"{name!r} is no name of a job: use lower-case letters, digits and single hyphens between them"
    )


def test_names():
    assert job.checked_name("pgbackrest-full-2") == "pgbackrest-full-2"


def test_a_report():
    assert job.report("") == {}
    assert job.report("bytes 1024\nverified_timestamp_seconds 1.5e9\n") == {
        "bytes": 1024.0,
        "verified_timestamp_seconds": 1.5e9,
    }


@pytest.mark.parametrize("line", ["bytes", "bytes many", "Bytes 1", "bytes nan", "last_exit_status 0", "", "a b 1"])
def test_no_reports(line):
    with pytest.raises(JobError) as error:
        job.report(f"{line}\n")
    assert str(error.value) == (
        f"the job's report has the line {line!r}: write a name of its own and a number, as in 'bytes 1024'"
    )


@pytest.mark.parametrize(("returncode", "status"), [(0, 0), (3, 3), (-9, 137), (-15, 143)])
def test_a_signal_is_told_as_shells_do(returncode, status):
    assert job.exit_status(returncode) == status


@pytest.mark.parametrize(
    ("status", "last", "words"),
    [
        (0, ("a line",), "dump: done after 2 s"),
        (3, (), "dump: failed with status 3 after 2 s, and said nothing"),
        (3, ("one", "two"), "dump: failed with status 3 after 2 s; its last lines:\none\ntwo"),
        (124, (), "dump: stopped after 2 s, because its time limit is 60 s, and said nothing"),
        (137, (), "dump: ended by signal 9 after 2 s, and said nothing"),
    ],
)
def test_how_it_ended_in_words(status, last, words):
    assert job.verdict("dump", status, 2.2, 60.0, last) == words
