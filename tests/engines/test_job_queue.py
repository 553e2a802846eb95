"""Who comes next on one machine."""

from decimal import Decimal

from compute.engines.job_queue import Amount, Claim, Fairness, next_ones, places

WHOLE = Amount(Decimal(4), 8192, 0)


def claim(name: str, tenant: str = "a", cpu=1, priority: int = 1000, arrived: int = 0, since=0.0):
    return Claim(name, tenant, Amount(Decimal(cpu), 100), priority, arrived, since)


def chosen(waiting, running=(), fair=None, now=1.0) -> list[str]:
    found = next_ones(list(waiting), list(running), WHOLE, fair or Fairness(), now)
    return [one.name for one in found]


def test_priority_comes_first_and_then_who_came_first():
    waiting = [claim("late", arrived=3), claim("early", arrived=1)]
    waiting += [claim("urgent", priority=9000, arrived=9)]
    assert chosen(waiting) == ["urgent", "early", "late"]


def test_nothing_starts_that_does_not_fit():
    assert chosen([claim("two", cpu=2)], [claim("running", cpu=3)]) == []
    assert chosen([claim("two", cpu=2)], [claim("running", cpu=2)]) == ["two"]


def test_a_small_job_does_not_pass_a_larger_one_of_its_own_team():
    waiting = [claim("large", cpu=4, arrived=1), claim("small", arrived=2)]
    assert chosen(waiting, [claim("running", tenant="b")]) == []


def test_another_team_may_pass_a_large_job_for_a_while_but_not_for_ever():
    waiting = [claim("large", cpu=4, arrived=1, since=0), claim("small", "b", arrived=2)]
    running = [claim("running", tenant="c")]
    assert chosen(waiting, running, now=30) == ["small"]
    assert chosen(waiting, running, now=61) == []


def test_teams_take_turns_and_a_heavier_one_gets_more():
    waiting = [claim(f"{team}{n}", team, arrived=n) for team in "ab" for n in range(6)]
    assert chosen(waiting) == ["a0", "b0", "a1", "b1"]
    assert chosen(waiting, fair=Fairness(weights={"a": 3})) == ["a0", "b0", "a1", "a2"]


def test_who_was_served_less_comes_first():
    fair = Fairness()
    fair.pass_time(100, [claim("x", "a", cpu=4)], WHOLE)
    assert chosen([claim("a", "a", 4, arrived=1), claim("b", "b", 4, arrived=2)], fair=fair) == [
        "b"
    ]
    fair.pass_time(3600, [claim("x", "b", cpu=4)], WHOLE)
    assert chosen([claim("a", "a", 4, arrived=3), claim("b", "b", 4, arrived=2)], fair=fair) == [
        "a"
    ]


def served_by(weights: dict[str, float], rounds: int) -> dict[str, int]:
    """Jobs of one second that take all, always enough of them waiting."""
    fair, count = Fairness(weights=weights), dict.fromkeys(weights, 0)
    for number in range(rounds):
        waiting = [claim(team, team, 4, arrived=number) for team in weights]
        (name,) = chosen(waiting, fair=fair)
        fair.pass_time(1, [claim(name, name, 4)], WHOLE)
        count[name] += 1
    return count


def test_over_time_shares_follow_weights():
    assert served_by({"a": 2, "b": 1}, 300) == {"a": 200, "b": 100}


def test_places_are_counted_within_a_team_and_said_in_plain_words():
    waiting = [claim("one", cpu=2, arrived=1), claim("two", arrived=2), claim("other", "b")]
    found = places(waiting, Amount(Decimal(1), 100))
    assert (found["one"].position, found["two"].position, found["other"].position) == (1, 2, 1)
    assert found["one"].words == (
        "It is next: it starts once 2 cores and 0.1 GB are free on this machine."
    )
    assert found["two"].words == "1 job of your team comes first."
