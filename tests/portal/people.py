"""Somebody at a browser."""


def signed_in(client, user):
    """The test client, as `user`."""
    client.force_login(user)
    return client
