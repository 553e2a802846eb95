"""Signing in with a local account: allauth does the walking, our rules stand around it."""

import uuid

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib import messages
from django.db import transaction

from portal.audit.services import denied, record
from portal.core.actor import scene
from portal.web.middleware import begin_session
from tenants.directory import guessing
from tenants.directory.models import User

NOBODY = uuid.UUID(int=0)
MISMATCH = "That name and that password do not belong together. Check both."
SAID = {"account/messages/password_changed.txt": "Your password is changed."}


class LocalBackend(AuthenticationBackend):
    """One account is looked up and one hash is made, whoever it is and whatever was typed."""

    def _authenticate(self, request, **credentials):
        return self._check_password(account_of(credentials), credentials["password"])


class LocalAccounts(DefaultAccountAdapter):
    """Accounts are made by operators; guesses are counted before they cost anything."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": MISMATCH,
        "email_password_mismatch": MISMATCH,
        "invalid_login": MISMATCH,
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your password.",
    }

    def is_open_for_signup(self, request) -> bool:
        return False

    def get_client_ip(self, request) -> str:
        return scene().address

    def authenticate(self, request, **credentials):
        """The account that these credentials open, or None.

        Raises `guessing.TooMany` and `guessing.NoCounter`.
        """
        account = account_of(credentials)
        subject = account or User(pk=NOBODY, username="unknown account")
        name = str(account.pk) if account else typed_name(credentials)
        try:
            attempt = guessing.begin(name, scene().address)
        except guessing.TooMany as locked:
            if locked.first:
                denied("sign in", subject, by=None, why="Locked after too many wrong passwords.")
            raise
        user = super().authenticate(request, **credentials)
        if user is None:
            denied("sign in", subject, by=None, why="Wrong name or password.")
        elif not user.is_active:
            denied("sign in", subject, by=None, why="The account is closed.")
        else:
            guessing.forgive(attempt)
        return user

    def login(self, request, user) -> None:
        """A new session id and a new session clock, whatever the browser held before."""
        super().login(request, user)
        begin_session(request.session)
        record("signed in", user, by=user)

    def logout(self, request) -> None:
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            record("signed out", user, by=user)

    def set_password(self, user, password) -> None:
        super().set_password(user, password)
        # A counter that cannot be reached now empties itself within minutes.
        transaction.on_commit(lambda: guessing.pardon(str(user.pk)), robust=True)
        record("set a password", user, by=user)

    def add_message(self, request, level, message_template=None, *args, **kwargs) -> None:
        """Only what the page itself does not show."""
        if message_template in SAID:
            messages.success(request, SAID[message_template])


def typed_name(credentials: dict) -> str:
    """What was typed as the name of an account, in the form it is kept in."""
    return (credentials.get("username") or credentials.get("email") or "").strip().lower()


def account_of(credentials: dict) -> User | None:
    """The account with this name, or with this mail address."""
    return User.objects.named(typed_name(credentials))
