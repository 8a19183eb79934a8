"""A person confirms a change: with a code of the authenticator app, or with the password if they have none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from manage.access import passwords, roles, second_factor
from manage.access.challenges import Challenges
from manage.access.refusals import Refused
from manage.access.sessions import Session
from manage.access.throttle import Key, Throttle
from manage.access.users import User
from manage.immutable import dataclass
from manage.installation.layout import Layout

LONGEST_WAIT_S = 900.0
"""Between two answers, after many wrong ones. Six digits with three steps of drift are right by chance once in 333,333
times, so a stolen session finds a code within a day with a chance of 1 in 3,000."""


@dataclass(frozen=True)
class Confirmation:
    """Issues challenges, checks answers, and enrols second factors."""

    layout: Layout
    throttle: Throttle
    clock: Callable[[], float]
    required: bool = False
    """Whether a change needs a second factor, because the dashboard can be reached from other machines."""
    issuer: str = "Nodeyard"
    """What an authenticator app calls this installation."""
    challenges: Challenges = field(init=False)
    _pending: dict[str, str] = field(default_factory=dict, init=False)
    """Session -> the secret that was shown and not confirmed yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "challenges", Challenges(self.clock))

    def state(self, user: User) -> dict[str, Any]:
        """Whether the user has a second factor, and whether a change needs one here."""
        return {"enrolled": second_factor.enrolled(self.layout, user.name), "required": self.required}

    def missing(self, user: User) -> bool:
        """Whether the user must set up a second factor before they can change anything."""
        return self.required and roles.may(user.role, "operator") and not second_factor.enrolled(self.layout, user.name)

    def challenge(self, session: Session, verb: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """A challenge for one change, and what answers it: "code" or "password". Raises Refused ("second_factor")."""
        self._require_enrolled(session.user)
        issued = self.challenges.issue(session.claims, verb, args)
        answer = "code" if second_factor.enrolled(self.layout, session.user.name) else "password"
        return {"id": issued.id, "answer": answer, "ends_at": issued.ends_at}

    def require(self, session: Session, verb: str, args: Mapping[str, Any], id: str, answer: str) -> None:
        """Raise Refused unless `id` is an open challenge for this change and `answer` is right; then it is used up."""
        challenge = self.challenges.require(id, session.claims, verb, args)
        self._require_enrolled(session.user)
        self.require_answer(session.user, answer)
        self.challenges.spend(challenge)

    def require_answer(self, user: User, answer: str) -> None:
        """Raise Refused unless `answer` is a code of the user's second factor, or the password if there is none."""
        if second_factor.enrolled(self.layout, user.name):
            self._require_code(user, answer)
        else:
            self.require_password(user, answer)

    def require_password(self, user: User, password: str, sentence: str = "The password is wrong.") -> None:
        """Raise Refused unless this is the user's password. Wrong ones are throttled."""
        self._throttled("password", user, lambda: passwords.matches(password, user.hash, known=True), sentence)

    def start_enrolment(self, session: Session, password: str) -> dict[str, Any]:
        """A new secret and its URI, shown once; `finish_enrolment` makes it the second factor."""
        self._require_free(session.user)
        self.require_password(session.user, password)
        secret = second_factor.new_secret()
        with self._lock:
            while len(self._pending) >= 64:
                del self._pending[next(iter(self._pending))]
            self._pending[session.claims.id] = secret
        return {"secret": secret, "uri": second_factor.uri(secret, session.user.name, self.issuer)}

    def finish_enrolment(self, session: Session, code: str) -> dict[str, Any]:
        """Make the secret that was shown the second factor. Raises Refused if the code is not one of it."""
        self._require_free(session.user)
        with self._lock:
            secret = self._pending.get(session.claims.id)
        if secret is None:
            raise Refused("challenge", "This set-up has expired, so nothing was changed.", "Start it again.")
        name = session.user.name
        self._throttled(
            "code",
            session.user,
            lambda: second_factor.enrol(self.layout, name, secret, code, self.clock()),
            "The code is wrong. Compare the clocks of both devices.",
        )
        with self._lock:
            self._pending.pop(session.claims.id, None)
        return {}

    def _require_code(self, user: User, code: str) -> None:
        self._throttled(
            "code",
            user,
            lambda: second_factor.accept(self.layout, user.name, code, self.clock()),
            "The code is wrong or was used before. Wait for the next one.",
        )

    def _throttled(self, what: str, user: User, check: Callable[[], bool], sentence: str) -> None:
        # One counter for each kind, so that a right password does not forgive wrong codes.
        keys = (Key(f"{what} of {user.name}", own=True, longest_wait_s=LONGEST_WAIT_S),)
        if wait := self.throttle.begin(keys):
            seconds = max(1, round(wait))
            raise Refused("throttled", f"Too many wrong answers. Wait {seconds} s.", retry_s=seconds)
        if not check():
            raise Refused("answer", sentence)
        self.throttle.succeed(keys)

    def _require_enrolled(self, user: User) -> None:
        if self.missing(user):
            raise Refused(
                "second_factor",
                "This dashboard can be reached from other machines, so a change needs a second factor.",
                "Set one up under your name at the top of the page.",
            )

    def _require_free(self, user: User) -> None:
        if second_factor.enrolled(self.layout, user.name):
            raise Refused(
                "usage",
                f"{user.name} has a second factor already.",
                f"To remove it, run on the host: manage user reset {user.name}",
            )
