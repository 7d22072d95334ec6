"""``/admin/v1/flags/{key}/...``: toggle, rollout, kill, revive."""

from __future__ import annotations

from aiohttp import web

from burgeed.control.commands import Command, KillFlag, ReviveFlag, SetRollout, ToggleFlag
from burgeed.server.admin.body import check_fields, read_object
from burgeed.server.admin.query import flag_set_id_of, path_text_of
from burgeed.server.admin.writes import answer_write
from burgeed.server.problems import malformed
from burgeed.server.services import Services

ROLLOUT_FIELDS = ("split", "ramp", "by", "seed")
KILL_FIELDS = ("variant", "code_default", "note", "description", "owner", "tags", "expires")


class FlagActions:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def toggle(self, request: web.Request) -> web.Response:
        """Enable or disable; without ``enabled``, the other one of what it is."""
        body = await read_object(request, self._services.limits, optional=True)
        check_fields(body, ("enabled",))
        enabled = body.get("enabled")
        if enabled is not None and not isinstance(enabled, bool):
            raise malformed("`enabled` is neither true nor false")
        return await self._write(request, ToggleFlag(*self._flag(request), enabled))

    async def set_rollout(self, request: web.Request) -> web.Response:
        """A split or a ramp for everyone whom no rule takes."""
        body = await read_object(request, self._services.limits)
        check_fields(body, ROLLOUT_FIELDS)
        if ("split" in body) == ("ramp" in body):
            raise malformed("a rollout is either `split` or `ramp`; write exactly one of them")
        return await self._write(request, SetRollout(*self._flag(request), body))

    async def remove_rollout(self, request: web.Request) -> web.Response:
        """Take the rollout away."""
        return await self._write(request, SetRollout(*self._flag(request), None))

    async def kill(self, request: web.Request) -> web.Response:
        """Serve one variant, or the code's default, whatever any level says."""
        body = await read_object(request, self._services.limits)
        check_fields(body, KILL_FIELDS)
        if ("variant" in body) == ("code_default" in body):
            raise malformed("a kill is either `variant` or `code_default`; write exactly one of them")
        return await self._write(request, KillFlag(*self._flag(request), body))

    async def revive(self, request: web.Request) -> web.Response:
        """Take a kill back, a file's too."""
        return await self._write(request, ReviveFlag(*self._flag(request)))

    def _flag(self, request: web.Request) -> tuple[str, str]:
        return flag_set_id_of(request, self._services.store.snapshot), path_text_of(request, "key")

    async def _write(self, request: web.Request, command: Command) -> web.Response:
        return await answer_write(self._services, request, command)
