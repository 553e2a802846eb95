"""In which order the programs of one start leave."""

from portal.local.family import Family
from portal.local.supervisor import LEAVE_ORDER


class Noted:
    """A program that notes what is done to it."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def ask_to_stop(self):
        self.notes.append(f"ask {self.name}")

    def stop(self):
        self.notes.append(f"stop {self.name}")


def test_a_group_is_asked_together_and_the_next_one_after_it_is_gone():
    notes = []
    family = Family(None, (("web", "worker"), ("mlflow",), ("postgres",)))
    for name in ("postgres", "worker", "web"):
        family.add(Noted(name, notes))
    family.stop()
    assert notes == [
        *("ask web", "ask worker", "stop web", "stop worker"),
        *("ask postgres", "stop postgres"),
    ]


def test_jobs_that_are_stopped_still_find_mlflow_and_nobody_loses_the_database():
    place = {name: number for number, group in enumerate(LEAVE_ORDER) for name in group}
    assert place["keeper"] < place["job-host"] < place["mlflow"] < place["postgres"]
    assert place["worker"] < place["model-host"] < place["valkey"]
