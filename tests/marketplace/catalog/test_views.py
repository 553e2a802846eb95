"""Pages of the catalogue."""

import pytest

from tests import factories


@pytest.mark.parametrize("path", ["", "versions/", "versions/1/", "edit/", "publish/", "retire/"])
def test_pages_of_a_model_open_for_its_publisher(client, model, publisher, path):
    client.force_login(publisher)
    assert client.get(f"/models/{model.slug}/{path}").status_code == 200


def test_the_list_opens(client, model, consumer):
    client.force_login(consumer)
    factories.model("scores", model.tenant)
    answer = client.get("/models/")
    assert answer.status_code == 200, answer.content
    assert b"2 models you may see" in answer.content
