"""From a request to its answer: identify the caller, check the role, run the verb, write the audit log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from manage.access import roles
from manage.access.audit import Audit, Result
from manage.access.refusals import Refused, as_message
from manage.access.roles import Role
from manage.access.sessions import Session
from manage.access.sign_in import Access
from manage.agent.operations import Operation, Operations
from manage.agent.verb import Call, Emit, Verb, require_args
from manage.errors import NO_ROOM, NodeyardError
from manage.immutable import dataclass

log = logging.getLogger(__name__)

HOST = "root@host"
_OWN: Mapping[str, tuple[str, ...]] = {
    "ping": (),
    "login": ("name", "password", "device"),
    "refresh": (),
    "logout": (),
    "change_password": ("old", "new", "answer"),
    "second_factor": (),
    "start_enrolment": ("password",),
    "finish_enrolment": ("answer",),
    "challenge": ("verb", "services", "plan"),
    "whoami": (),
    "progress": ("id",),
}
"""Verbs that the dispatcher answers itself, with their arguments; the constructor gets all other verbs."""
_CONFIRMED = ("challenge", "answer")
"""Further arguments of every verb that changes something; a person must give both."""


@dataclass(frozen=True)
class Peer:
    """The process at the other end of the socket, as the kernel reports it (SO_PEERCRED)."""

    kind: Literal["host", "dashboard"]
    """host = root on this machine, needs no token; dashboard = acts for users, needs their token."""


@dataclass(frozen=True)
class _Request:
    peer: Peer
    verb: str
    token: str
    address: str
    """The browser's address as the dashboard saw it, or "host"."""
    args: Any


@dataclass(frozen=True)
class _Caller:
    name: str
    role: Role
    must_change: bool
    address: str
    session: Session | None
    """None for root on the host, who needs no confirmation."""


class Dispatcher:
    """Holds the allow-list. `verbs` call the library that changes the stack."""

    def __init__(self, access: Access, audit: Audit, operations: Operations, verbs: Mapping[str, Verb]) -> None:
        self._access = access
        self._audit = audit
        self._operations = operations
        self._verbs = verbs

    def answer(self, peer: Peer, message: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
        """The last message of the exchange: `{"result": ...}` or `{"error": ...}`. Never raises."""
        try:
            return {"result": dict(self._route(_require_request(peer, message), emit))}
        except NodeyardError as error:
            return as_message(error)
        except OSError as error:
            if error.errno in NO_ROOM:
                text = f"The agent cannot write: {error.strerror}."
                return as_message(NodeyardError(text, "Free some space, then try again. See: manage why disk"))
            return as_message(NodeyardError(f"The agent failed: {error}.", "See its log: manage logs agent"))
        except Exception:
            log.exception("a request failed")
            return as_message(NodeyardError("The agent failed.", "See its log: manage logs agent"))

    def _route(self, request: _Request, emit: Emit) -> Mapping[str, Any]:
        if request.verb in _OWN:
            return self._own(request, require_args(request.verb, _OWN[request.verb], request.args))
        caller = self._require_caller(request)
        try:
            entry = self._require_allowed(caller, request.verb)
            args: Mapping[str, Any] = require_args(request.verb, entry.args + _CONFIRMED * entry.changes, request.args)
            if entry.changes:
                args = self._require_confirmed(caller, request.verb, args)
        except Refused as refusal:
            self._log(caller, request.verb, _loggable(request.args), "refused", reason=refusal.message)
            raise
        if not entry.changes:
            return entry.run(Call(args, caller.name, emit))
        return self._change(caller, request.verb, entry, args, emit)

    def _own(self, request: _Request, args: Mapping[str, Any]) -> Mapping[str, Any]:
        match request.verb:
            case "ping":
                return {}
            case "login":
                return self._access.login(args, request.address)
            case "refresh":
                return self._access.refresh(request.token)
            case "logout":
                return self._access.logout(request.token, request.address)
            case "change_password":
                return self._access.change_password(request.token, args, request.address)
        caller = self._require_caller(request)
        if request.verb in ("second_factor", "start_enrolment", "finish_enrolment", "challenge"):
            return self._confirmation(caller, request.verb, args)
        if request.verb == "progress":
            return self._operations.require(args.get("id", "")).document()
        return {"name": caller.name, "role": caller.role, "must_change": caller.must_change}

    def _require_caller(self, request: _Request) -> _Caller:
        if request.peer.kind == "host" and not request.token:
            return _Caller(HOST, "admin", False, request.address, None)
        session = self._access.require_session(request.token)
        user = session.user
        return _Caller(user.name, user.role, user.must_change, request.address, session)

    def _confirmation(self, caller: _Caller, verb: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """The verbs with which a person sets up a second factor, and asks for the challenge of a change."""
        if caller.session is None:
            raise Refused("usage", "Root on the host needs no second factor.")
        session, confirmation = caller.session, self._access.confirmation
        try:
            if verb == "challenge":
                return confirmation.challenge(session, *self._require_change(caller, args))
            if verb == "second_factor":
                return confirmation.state(session.user)
            if caller.must_change:
                raise Refused("password", "Change your password first.")
            if verb == "start_enrolment":
                return confirmation.start_enrolment(session, args.get("password", ""))
            found = confirmation.finish_enrolment(session, args.get("answer", ""))
        except Refused as refusal:
            self._log(caller, verb, _loggable(args), "refused", reason=refusal.message)
            raise
        self._log(caller, verb, args, "ok")
        return found

    def _require_change(self, caller: _Caller, args: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The verb and the arguments of the change that the caller asks to confirm."""
        verb = args.get("verb", "")
        entry = self._require_allowed(caller, verb)
        if not entry.changes:
            raise Refused("usage", f"{verb} changes nothing, so it needs no confirmation.")
        if "plan" not in args:
            raise Refused("usage", "The digest of the plan is missing.")
        return verb, {name: args[name] for name in entry.args if name in args}

    def _require_confirmed(self, caller: _Caller, verb: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments of a change without its confirmation. Raises Refused if no person confirmed this change."""
        change = {name: value for name, value in args.items() if name not in _CONFIRMED}
        if caller.session is not None:
            id, answer = args.get("challenge", ""), args.get("answer", "")
            self._access.confirmation.require(caller.session, verb, change, id, answer)
        return change

    def _require_allowed(self, caller: _Caller, verb: str) -> Verb:
        """The verb. Raises Refused if this caller may not use it."""
        entry = self._verbs.get(verb)
        if entry is None:
            raise Refused("usage", f"The agent has no verb {verb[:40]!r}.")
        if caller.must_change:
            raise Refused("password", "Change your password first.")
        if not roles.may(caller.role, entry.role):
            raise Refused("role", f"{caller.name} is {caller.role}; {verb} needs {entry.role}.", "Ask an admin.")
        return entry

    def _change(
        self, caller: _Caller, verb: str, entry: Verb, args: Mapping[str, Any], emit: Emit
    ) -> Mapping[str, Any]:
        try:
            operation = self._operations.begin(verb, caller.name, args.get("services", []))
        except Refused as refusal:
            self._log(caller, verb, args, "refused", reason=refusal.message)
            raise
        result: Mapping[str, Any] = {}
        message: Mapping[str, Any] | None = {"kind": "failed", "message": f"{verb} failed unexpectedly.", "hint": ""}
        try:
            self._log(caller, verb, args, "started", source="change")
            progress = self._progress(operation, emit)
            progress({"kind": "accepted", "service": "", "text": "", "id": operation.id})
            result = entry.run(Call(args, caller.name, progress))
            message = None
        except NodeyardError as error:
            message = as_message(error)["error"]
            raise
        finally:
            self._operations.end(operation, result=result, error=message)
            said: Result = "failed" if message else "ok"
            self._log(caller, verb, args, said, reason=message["message"] if message else "", source="change")
        return {"id": operation.id, **result}

    def _progress(self, operation: Operation, emit: Emit) -> Emit:
        """A change continues when the caller has disconnected; its progress can still be read."""

        connected = True

        def note(event: Mapping[str, Any]) -> None:
            nonlocal connected
            self._operations.add_event(operation, event)
            if not connected:  # a caller that stopped reading must not delay each step of the change again
                return
            try:
                emit(event)
            except OSError:
                connected = False
                log.debug("the caller of %s has disconnected", operation.id)

        return note

    def _log(
        self,
        caller: _Caller,
        verb: str,
        args: Mapping[str, Any],
        result: Result,
        *,
        reason: str = "",
        source: Literal["name", "change"] = "name",
    ) -> None:
        self._audit.write(
            who=caller.name,
            address=caller.address,
            verb=verb,
            args=args,
            result=result,
            reason=reason,
            source=source,
        )


def _require_request(peer: Peer, message: Mapping[str, Any]) -> _Request:
    verb, token, address = message.get("verb"), message.get("token", ""), message.get("address", "")
    if not (isinstance(verb, str) and isinstance(token, str) and isinstance(address, str)):
        raise Refused("usage", "A request is an object with verb, token, address and args.")
    return _Request(peer, verb, token, address or peer.kind, message.get("args", {}))


def _loggable(args: Any) -> Mapping[str, Any]:
    """Unchecked arguments for the audit log: few and short."""
    return {str(name)[:40]: value for name, value in list(args.items())[:10]} if isinstance(args, dict) else {}
