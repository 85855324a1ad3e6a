"""A hub that starts asks its witnesses before it signs: an older copy of all that it keeps cannot tell by itself."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import given
import hubs
import pytest
import watched as kit
from watched import Answer, Watched, Witness, watched

from ledger.errors import TamperedError, UnavailableError
from ledger.operations.doctor import examine
from ledger.operations.hub import open_hub
from ledger.operations.watch import stored_witnesses
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.note import NoteSigner
from ledger.store.engine import reading
from ledger.store.head import Head, read_head


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Watched]:
    """All three have cosigned all that there is; two must."""
    with watched(tmp_path) as made:
        made.hub.witnessing.work()
        made.told.clear()
        yield made


def head_of(made: Watched) -> Head:
    with reading(made.hub.engine) as connection:
        return read_head(connection)


def signed_last(made: Watched) -> bytes | None:
    return made.hub.signed.read()


def restored(made: Watched, copy: Path) -> None:
    """Put back everything that the hub keeps, the file of its last signature and its keys among it."""
    made.hub.engine.dispose()
    shutil.rmtree(made.settings.data_dir)
    shutil.copytree(copy, made.settings.data_dir, dirs_exist_ok=True)
    made.restart()


def backed_up(made: Watched, copy: Path) -> None:
    made.hub.engine.dispose()
    shutil.copytree(made.settings.data_dir, copy)


def silent(witness: Witness) -> None:
    witness.instead = lambda _body: (503, b"")
    witness.last_instead = lambda: (503, b"")


def talks(witness: Witness) -> None:
    witness.instead = witness.last_instead = None


def test_a_hub_that_starts_is_read_only_until_enough_have_answered_and_then_takes_posts(three: Watched) -> None:
    # given
    before = head_of(three)
    for each in three.witnesses[1:]:
        silent(each)
    hub = three.restart()

    # when: one of two has answered
    hub.witnessing.work()

    # then: reading works, posting does not, and nothing is stored
    with pytest.raises(UnavailableError, match=r"read-only until 2 of 3 witnesses have answered .* and 1 have"):
        three.post_one()
    assert three.file("checkpoint")
    assert head_of(three) == before

    # when: another has, too
    talks(three.witnesses[1])
    hub.witnessing.work()

    # then
    assert hub.standing.read_only is None
    hubs.post(hub, three.alliance)
    assert head_of(three).published == len(three.alliance.heard) == before.published + 1


def test_what_a_crash_left_is_published_once_they_have_answered_and_not_before(three: Watched) -> None:
    # given: an entry that was stored and not published
    three.alliance.says(given.DRUP, "case.submitted", {"case": given.case(99), "on": "2021-11-20"})
    three.hub.appender.append([three.alliance.heard[-1].envelope.text])
    signed = signed_last(three)

    hub = three.restart()
    head = head_of(three)

    assert (head.published, signed_last(three)) == (head.size - 1, signed)
    hub.witnessing.work()
    assert head_of(three).published == head_of(three).witnessed_size == head.size


def test_a_restored_older_copy_of_everything_signs_nothing_and_says_so(three: Watched, tmp_path: Path) -> None:
    # given: a copy of yesterday, and an entry that was published and cosigned since
    backed_up(three, tmp_path / "yesterday")
    three.restart().witnessing.work()
    three.post_one()
    three.hub.witnessing.work()

    # when: the copy is in its place
    restored(three, tmp_path / "yesterday")
    before, signed = head_of(three), signed_last(three)
    three.hub.witnessing.work()

    # then: for good, whatever they say later
    assert len([line for line in three.told if line.startswith("ALARM: ")]) == 1
    assert f"{before.size + 1} entries is signed, and {before.size} are stored" in three.told[0]
    for each in three.witnesses:
        each.seen = None
    three.hub.witnessing.work()
    for act in (three.hub.publish, lambda: hubs.post(three.hub, three.alliance)):
        with pytest.raises(TamperedError, match="knows another log than is stored here"):
            act()
    assert (head_of(three), signed_last(three)) == (before, signed)


def test_a_witness_that_wakes_later_and_knows_more_stops_the_hub_before_a_fork_is_cosigned(
    three: Watched, tmp_path: Path
) -> None:
    # given: an entry that one witness alone has cosigned, and a copy from before it
    backed_up(three, tmp_path / "yesterday")
    three.restart().witnessing.work()
    knows = three.witnesses[0]
    for each in three.witnesses[1:]:
        silent(each)
    three.post_one()
    three.hub.witnessing.work()
    assert knows.size == len(three.alliance.heard)

    # when: the copy starts while that one sleeps, and it wakes
    silent(knows)
    for each in three.witnesses[1:]:
        talks(each)
    restored(three, tmp_path / "yesterday")
    three.hub.witnessing.work()
    assert three.hub.standing.read_only is None
    talks(knows)
    three.hub.witnessing.work()

    # then
    assert three.hub.standing.alarm is not None
    before = signed_last(three)
    with pytest.raises(TamperedError, match=knows.name):
        hubs.post(three.hub, three.alliance)
    assert signed_last(three) == before


# ---------------------------------------------------------------------- whom the settings alone name


@pytest.fixture
def founded(three: Watched, tmp_path: Path) -> Watched:
    """The three have cosigned all; what is in the place of the hub is the copy from before it knew any of them."""
    three.more["witnesses_needed"] = 2
    young = given.Alliance()
    for heard in three.alliance.heard[:7]:
        young.takes(heard.envelope)
    (tmp_path / "young").mkdir()
    hub = hubs.founded_hub(tmp_path / "young", young)
    hubs.post(hub, young)
    hub.engine.dispose()
    restored(three, tmp_path / "young" / "hub")
    with reading(three.hub.engine) as connection:
        assert stored_witnesses(connection, 7) == ()
    return three


@pytest.mark.parametrize("needed", [2, None])
def test_a_copy_from_before_its_resolutions_asks_whom_the_settings_name_and_signs_nothing(
    founded: Watched, needed: int | None
) -> None:
    if needed is None:
        del founded.more["witnesses_needed"]
        founded.restart()
    before, signed = head_of(founded), signed_last(founded)

    with pytest.raises(UnavailableError, match="2 of 3 witnesses"):
        hubs.post(founded.hub, founded.alliance)
    founded.hub.witnessing.work()

    assert founded.hub.standing.alarm is not None
    with pytest.raises(TamperedError, match="knows another log than is stored here"):
        hubs.post(founded.hub, founded.alliance)
    assert (head_of(founded), signed_last(founded)) == (before, signed)


def test_what_the_log_did_not_sign_is_no_alarm_and_no_answer_of_whom_the_settings_alone_name(founded: Watched) -> None:
    for each in founded.witnesses:
        each.last_instead = lambda: (200, other_log(NoteSigner(given.ORIGIN, given.signing_key("strange"))))

    founded.hub.witnessing.work()

    assert founded.hub.standing.alarm is None
    assert "and 0 have" in (founded.hub.standing.read_only or "")


def test_one_whom_the_settings_alone_name_and_who_wakes_later_stops_the_hub_too(founded: Watched) -> None:
    # given: two know nothing of this log, and the one that does sleeps
    knows = founded.witnesses[0]
    silent(knows)
    for each in founded.witnesses[1:]:
        each.seen = None
    assert founded.hub.witnessing.work() is False
    assert founded.hub.standing.read_only is None

    # when
    talks(knows)
    founded.hub.witnessing.work()

    # then
    assert founded.hub.standing.alarm is not None
    assert [each.asked for each in founded.witnesses] == [["old 0"]] * 3  # of before: none was asked to cosign


def test_a_ledger_just_founded_begins_once_those_whom_its_settings_name_have_nothing_of_it(tmp_path: Path) -> None:
    alliance = given.founded()
    hubs.founded_hub(tmp_path, alliance).engine.dispose()
    with kit.running(Witness(kit.NAMES[0])) as one, kit.running(Witness(kit.NAMES[1])) as other:
        urls = " ".join(f"{each.name}={each.url}" for each in (one, other))
        hub = open_hub(hubs.settings_in(tmp_path, witness_urls=urls, witnesses_needed=2), hubs.LOG)
        assert "2 of 2" in (hub.standing.read_only or "")

        hub.witnessing.work()

        assert hub.standing.read_only is None
        hubs.post(hub, alliance)
        hub.engine.dispose()
    assert one.asked == other.asked == []


def test_another_root_of_a_size_that_is_stored_is_an_alarm(three: Watched) -> None:
    forked = sign_checkpoint(Checkpoint(given.ORIGIN, 5, bytes(32)), hubs.LOG).encode()
    three.witnesses[0].last_instead = lambda: (200, forked)

    three.restart().witnessing.work()

    assert three.hub.standing.alarm is not None
    assert "not the one that the checkpoint at 5 was signed over" in three.told[0]


USELESS: dict[str, Callable[[Witness], Answer]] = {
    "that it has cosigned nothing, though it has": lambda _witness: (404, b""),
    "garbage": lambda _witness: (200, b"nothing"),
    "a huge answer": lambda _witness: (200, b"x" * 2_000_000),
    "an error": lambda _witness: (500, b""),
    "a larger log that this one never signed": lambda witness: (
        200, other_log(NoteSigner(given.ORIGIN, given.signing_key(witness.name)))
    ),
    "another log": lambda _witness: (200, other_log(NoteSigner("other.example/log", given.signing_key("log")))),
    "a checkpoint that it did not cosign": lambda witness: (
        200, b"\n".join(witness.seen.encode().split(b"\n")[:-2]) + b"\n" if witness.seen else b""
    ),
}  # fmt: skip


def other_log(signer: NoteSigner) -> bytes:
    return sign_checkpoint(Checkpoint(signer.name, 4096, bytes(32)), signer).encode()


@pytest.mark.parametrize("answer", USELESS)
def test_an_answer_of_no_use_is_none_and_no_alarm(three: Watched, answer: str) -> None:
    strange = three.witnesses[0]
    strange.last_instead = lambda: USELESS[answer](strange)
    silent(three.witnesses[1])

    three.restart().witnessing.work()

    assert three.hub.standing.alarm is None
    assert "and 1 have" in (three.hub.standing.read_only or "")


def test_a_witness_that_has_cosigned_nothing_yet_has_answered(tmp_path: Path) -> None:
    with watched(tmp_path) as made:
        made.restart().witnessing.work()

        assert made.hub.standing.read_only is None
        assert head_of(made).witnessed_size == len(made.alliance.heard)


def test_more_that_must_answer_than_are_named_is_no_fewer_and_says_what_to_do(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:1], witnesses_needed=3) as made:
        hub = made.restart()

        hub.witnessing.work()

        assert "3 witnesses must have answered what they cosigned last, and 1 are named" in (
            hub.standing.read_only or ""
        )
        with pytest.raises(UnavailableError, match="name more there, or ask for fewer"):
            made.post_one()


def test_where_nobody_is_named_who_could_be_asked_a_number_that_must_answer_keeps_the_hub_from_signing(
    tmp_path: Path,
) -> None:
    alliance = given.founded()
    hubs.founded_hub(tmp_path, alliance).engine.dispose()

    hub = open_hub(hubs.settings_in(tmp_path, witnesses_needed=1), hubs.LOG)
    hub.witnessing.work()

    assert "0 are named, by resolutions or in witness_urls" in (hub.standing.read_only or "")
    assert "no checkpoint can ever be witnessed" in (hub.witnessing.warning() or "")
    hub.engine.dispose()


def test_where_none_need_cosign_the_hub_starts_on_its_own_word(three: Watched) -> None:
    three.more["witnesses_needed"] = 0
    for each in three.witnesses:
        silent(each)

    three.restart()

    assert three.hub.standing.read_only is None
    three.post_one()


def test_a_database_older_than_the_last_signature_is_refused_before_anybody_is_asked(
    three: Watched, tmp_path: Path
) -> None:
    backed_up(three, tmp_path / "yesterday")
    three.restart().witnessing.work()
    three.post_one()
    three.hub.engine.dispose()
    for file in three.settings.data_dir.glob("ledger.db*"):
        file.unlink()
    shutil.copy(tmp_path / "yesterday" / "ledger.db", three.settings.data_dir)

    with pytest.raises(TamperedError, match="sign nothing with this one"):
        open_hub(three.settings, hubs.LOG)


def test_a_ledger_without_witnesses_waits_for_nobody(tmp_path: Path) -> None:
    alliance = given.founded()
    hubs.post(hubs.founded_hub(tmp_path, alliance), alliance)

    hub = hubs.reopened(tmp_path)

    assert hub.standing.read_only is None
    hub.engine.dispose()


def test_the_doctor_is_content_with_a_hub_that_waits(three: Watched) -> None:
    three.restart()

    assert [each for each in examine(three.settings) if each.verdict != "well"] == []


def test_of_two_copies_that_run_at_once_the_second_to_be_shown_is_stopped(three: Watched, tmp_path: Path) -> None:
    # given: a copy of everything runs beside the hub, under the same key; both were let start
    backed_up(three, tmp_path / "twin" / "hub")
    three.restart().witnessing.work()
    told: list[str] = []
    urls = " ".join(f"{each.name}={each.url}" for each in three.witnesses)
    twin = open_hub(hubs.settings_in(tmp_path / "twin", witness_urls=urls), hubs.LOG, tell=told.append)
    twin.witnessing.work()
    assert twin.standing.read_only is None

    # when: each takes another event at the same place
    forked = given.Alliance()
    for heard in three.alliance.heard:
        forked.takes(heard.envelope)
    three.post_one()
    three.hub.witnessing.work()
    forked.says(given.DRUP, "case.submitted", {"case": given.case(77), "on": "2021-11-20"})
    hubs.post(twin, forked)
    twin.witnessing.work()

    # then: no witness has cosigned the second, and it says no more
    assert twin.standing.alarm is not None
    assert len([line for line in told if line.startswith("ALARM: ")]) == 1
    with reading(twin.engine) as connection:
        head = read_head(connection)
    assert (head.witnessed_size, head.published) == (head.size - 1, head.size)
    forked.says(given.DRUP, "case.submitted", {"case": given.case(78), "on": "2021-11-20"})
    with pytest.raises(TamperedError, match="knows another log"):
        hubs.post(twin, forked)
    assert three.hub.standing.alarm is None
    twin.engine.dispose()
