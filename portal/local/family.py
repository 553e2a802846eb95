"""The running programs together: started again when they end, stopped in order."""

import signal
import time
from dataclasses import dataclass

from portal.local.console import Console
from portal.local.processes import ChildProcess

LONGEST_WAIT = 30.0
WELL_AFTER = 60.0


@dataclass
class Member:
    """One program that should always run."""

    child: ChildProcess
    ended_in_a_row: int = 0
    start_again_at: float | None = None


class Family:
    """Stops its members in the order of `leave_order`, whatever order they came in.

    Those that stand there together leave together: each takes its time, and nobody adds it up.
    """

    def __init__(self, console: Console, leave_order: tuple[tuple[str, ...], ...]):
        self.console = console
        self.leave_order = leave_order
        self.members: dict[str, Member] = {}

    def add(self, child: ChildProcess) -> ChildProcess:
        """Take in a program that runs already; from now on it is started again when it ends."""
        self.members[child.name] = Member(child)
        return child

    def look_after(self) -> None:
        """Start again what ended, later each time it ends soon; one line tells each end."""
        for name, member in self.members.items():
            if member.child.running:
                continue
            if member.start_again_at is None:
                self._note_end(name, member)
            elif time.monotonic() >= member.start_again_at:
                member.start_again_at = None
                member.child.start()

    def stop(self) -> None:
        """Stop all, one group after the other; returns when nothing of them is left."""
        for group in self.leave_order:
            leaving = [self.members[name].child for name in group if name in self.members]
            for child in leaving:
                child.ask_to_stop()
            for child in leaving:
                child.stop()

    def kill(self) -> None:
        """End all at once; `stop`, if it is under way, then returns soon."""
        for member in self.members.values():
            if member.child.running:
                member.child.process.send_signal(signal.SIGHUP)

    def _note_end(self, name: str, member: Member) -> None:
        lived = member.child.age
        member.ended_in_a_row = 1 if lived > WELL_AFTER else member.ended_in_a_row + 1
        wait = min(LONGEST_WAIT, 2.0 ** (member.ended_in_a_row - 1))
        member.start_again_at = time.monotonic() + wait
        said = member.child.last_words()
        self.console.say(
            f"{name} ended with status {member.child.exit_code} after {lived:.0f} s"
            f"{f' ({said})' if said else ''}. It starts again in {wait:.0f} s. "
            f"Its log: {member.child.log}"
        )
