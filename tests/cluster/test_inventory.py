"""Inventories: what is read, scaled and refused."""

import gzip

import pytest

from portal.local.cluster.inventory import CARDS, FOLDER, Group, read_inventory, scaled
from portal.local.errors import LocalError

FLEET = "sn,cpu_milli,memory_mib,gpu,model\na,96000,393216,8,G2\nb,96000,393216,8,G2\n"
FLEET += "c,104000,524288,2,T4\nd,32000,262144,0,\n"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_committed_inventory_names_known_cards(file):
    inventory = read_inventory(file.stem)
    assert CARDS.exists()
    assert {node.group.card for node in inventory.nodes} - {""} <= set(inventory.cards)


@pytest.mark.parametrize("total", [1, 10, 99, 1000])
def test_a_fleet_keeps_its_mix_at_any_size(total):
    groups = [Group("a", 60, 1, 1), Group("b", 30, 1, 1), Group("c", 10, 1, 1)]
    sizes = {group.name: group.nodes for group in scaled(groups, total)}
    assert sum(sizes.values()) == total
    assert all(abs(sizes.get(g.name, 0) - g.nodes * total / 100) < 1 for g in groups)


@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_of_machines_is_a_fleet(tmp_path, packed):
    path = tmp_path / ("fleet.csv.gz" if packed else "fleet.csv")
    path.write_bytes(gzip.compress(FLEET.encode()) if packed else FLEET.encode())
    inventory = read_inventory(str(path))
    assert (len(inventory.nodes), inventory.gpus) == (4, 18)
    assert [node.group.card for node in inventory.nodes] == ["", "G2", "G2", "T4"]


def test_racks_hold_nodes_of_one_kind():
    racks = {}
    for node in read_inventory("campus").nodes:
        racks.setdefault(node.rack, set()).add((node.group.card, node.block))
    assert all(len(kinds) == 1 for kinds in racks.values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("groups: [{name: a}]", "not understood"),
        ("sn,gpu\n1,2\n", "not understood"),
        ("groups: [{name: a, nodes: 6000, cpu_milli: 1, memory_mib: 1}]", "1 to 5000"),
        ("groups: [{name: a, nodes: 1, cpu_milli: 1, memory_mib: 1, gpu: 1}]", "not understood"),
    ],
)
def test_what_is_not_an_inventory_is_said(tmp_path, content, said):
    path = tmp_path / ("x.csv" if content.startswith("sn") else "x.yaml")
    path.write_text(content)
    with pytest.raises(LocalError, match=said):
        read_inventory(str(path))


def test_an_unknown_name_names_the_known_ones():
    with pytest.raises(LocalError, match="campus, small"):
        read_inventory("no-such-fleet")


def test_two_groups_of_one_name_are_refused(tmp_path):
    group = "{name: a, nodes: 1, cpu_milli: 1, memory_mib: 1}"
    (tmp_path / "x.yaml").write_text(f"groups: [{group}, {group}]")
    with pytest.raises(LocalError, match="one name to two groups"):
        read_inventory(str(tmp_path / "x.yaml"))
