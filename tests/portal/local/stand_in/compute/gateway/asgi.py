"""A gateway that says it lives."""


async def application(scope, receive, send):
    """Answer every request alike."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
