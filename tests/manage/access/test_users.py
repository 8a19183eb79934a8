"""Who may sign in."""

from __future__ import annotations

import json
import stat
import threading

import pytest

from manage.access import passwords, users
from manage.errors import NodeyardError
from manage.installation.layout import Layout

PASSWORD = "twelve tall trees"


def test_a_new_user_is_listed_with_role_and_the_file_is_for_root_alone(layout: Layout) -> None:
    users.add(layout, "ann", "operator", PASSWORD)
    assert users.names(layout) == {"ann": "operator"}
    assert stat.S_IMODE(layout.users_file.stat().st_mode) == 0o600


def test_the_file_holds_an_argon2id_hash_and_no_password(layout: Layout) -> None:
    users.add(layout, "ann", "operator", PASSWORD)
    text = layout.users_file.read_text()
    assert PASSWORD not in text
    assert json.loads(text)["users"][0]["hash"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_name_is_taken_once(layout: Layout) -> None:
    users.add(layout, "ann", "operator", PASSWORD)
    with pytest.raises(NodeyardError, match="There is already a user ann"):
        users.add(layout, "ann", "viewer", PASSWORD)


@pytest.mark.parametrize("name", ["", "Ann", "1ann", "ann b", "a" * 33, "ann\n", "../ann", "ännchen"])
def test_a_name_is_short_and_plain(layout: Layout, name: str) -> None:
    with pytest.raises(NodeyardError, match="is not a valid user name"):
        users.add(layout, name, "viewer", PASSWORD)
    assert not layout.users_file.exists()


def test_there_are_three_roles(layout: Layout) -> None:
    with pytest.raises(NodeyardError, match="There is no role 'root'"):
        users.add(layout, "ann", "root", PASSWORD)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "has 5 characters; it needs at least 10"),
        ("aaaaaaaaaaaa", "repeats the same few characters"),
        ("my-ann-2026!", "contains the user's name"),
        ("x" * 1025, "longer than 1024"),
    ],
)
def test_a_weak_password_is_refused_in_a_sentence(layout: Layout, password: str, sentence: str) -> None:
    with pytest.raises(NodeyardError, match=sentence):
        users.add(layout, "ann", "viewer", password)


def test_a_reset_gives_a_new_password_that_must_be_changed_and_ends_sessions(layout: Layout) -> None:
    before = users.add(layout, "ann", "viewer", PASSWORD)
    password = users.reset(layout, "ann")
    (after,) = users.read(layout)
    assert passwords.matches(password, after.hash)
    assert not passwords.matches(PASSWORD, after.hash)
    assert after.must_change
    assert after.epoch != before.epoch


def test_a_password_that_the_user_chose_need_not_be_changed(layout: Layout) -> None:
    users.add(layout, "ann", "viewer", PASSWORD, must_change=True)
    users.set_password(layout, "ann", "another good one")
    assert not users.read(layout)[0].must_change


def test_the_last_admin_stays(layout: Layout) -> None:
    users.add(layout, "ann", "admin", PASSWORD)
    users.add(layout, "bob", "viewer", PASSWORD)
    with pytest.raises(NodeyardError, match="ann is the last admin"):
        users.remove(layout, "ann")
    users.remove(layout, "bob")
    assert users.names(layout) == {"ann": "admin"}


def test_who_is_not_there_can_neither_be_reset_nor_removed(layout: Layout) -> None:
    for change in (users.reset, users.remove):
        with pytest.raises(NodeyardError, match="There is no user ann"):
            change(layout, "ann")


def test_somebody_who_comes_back_does_not_get_the_old_sessions_back(layout: Layout) -> None:
    users.add(layout, "ada", "admin", PASSWORD)
    first = users.add(layout, "ann", "viewer", PASSWORD)
    users.remove(layout, "ann")
    assert users.add(layout, "ann", "viewer", PASSWORD).epoch != first.epoch


def test_the_first_admin_gets_a_generated_password_and_only_once(layout: Layout) -> None:
    password = users.create_first(layout, "admin", to_file=False)
    assert len(password) == 23
    assert not users.first_password_file(layout).exists()
    (admin,) = users.read(layout)
    assert (admin.role, admin.must_change) == ("admin", True)
    with pytest.raises(NodeyardError, match="There are already users"):
        users.create_first(layout, "admin", to_file=False)


def test_without_a_terminal_the_first_password_lies_in_a_file_for_root_alone(layout: Layout) -> None:
    password = users.create_first(layout, "admin", to_file=True)
    path = users.first_password_file(layout)
    assert path.read_text() == password + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_who_edit_at_once_lose_nothing(layout: Layout) -> None:
    names = [f"user{number}" for number in range(6)]
    threads = [threading.Thread(target=users.add, args=(layout, name, "viewer", PASSWORD)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(users.names(layout)) == names


def test_a_file_of_a_newer_manage_is_refused(layout: Layout) -> None:
    layout.users_file.write_text('{"version": 2, "users": []}')
    with pytest.raises(NodeyardError, match="newer manage"):
        users.read(layout)


def test_a_damaged_file_is_named(layout: Layout) -> None:
    layout.users_file.write_text('{"version": 1, "users": [{"name": "ann", "role": "admin"}]}')
    with pytest.raises(NodeyardError, match=r"users\.json is damaged"):
        users.read(layout)


def test_a_name_that_does_not_exist_never_matches() -> None:
    assert not passwords.matches(PASSWORD, None)


def test_generated_passwords_differ_and_pass_their_own_rules() -> None:
    some = {passwords.generate() for _ in range(100)}
    assert len(some) == 100
    assert not any(passwords.weakness(password, "admin") for password in some)
