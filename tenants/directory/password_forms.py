"""The forms at the doors: what they check is counted, and they say when to try again."""

from contextlib import contextmanager

from allauth.account import forms as allauth
from django.core.exceptions import ValidationError

from portal.core.actor import scene
from portal.core.templatetags._words import span
from tenants.directory import guessing, services

LOCKED = "Too many tries. The next one is possible in {}."
UNCOUNTED = (
    "Nobody can sign in at the moment, because tries cannot be counted. Try again in a minute."
)


class Counted:
    """A form that may be used a few times only; `http_status` and `wait` go into the answer."""

    http_status = 422
    wait = 0

    @contextmanager
    def counted(self):
        try:
            yield
        except guessing.TooMany as locked:
            self.http_status, self.wait = 429, locked.wait
            raise ValidationError(LOCKED.format(span(locked.wait)), code="locked") from None
        except guessing.NoCounter:
            self.http_status, self.wait = 503, 60
            raise ValidationError(UNCOUNTED, code="uncounted") from None


class SignInForm(Counted, allauth.LoginForm):
    """Name or mail address, and password."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].max_length = 254
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)

    def clean(self):
        with self.counted():
            return super().clean()


class ReauthenticateForm(Counted, allauth.ReauthenticateForm):
    """The password once more."""

    def clean_password(self) -> str:
        with self.counted():
            return super().clean_password()


class ChangePasswordForm(Counted, allauth.ChangePasswordForm):
    """The old password, counted like a sign-in, and the new one twice."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _plain_words(self, oldpassword="Current password")

    def clean_oldpassword(self) -> str:
        with self.counted():
            attempt = guessing.begin(str(self.user.pk), scene().address)
            known = super().clean_oldpassword()
            guessing.forgive(attempt)
        return known


class SetPasswordForm(allauth.ResetPasswordKeyForm):
    """A new password, twice."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _plain_words(self)


class AskForLinkForm(Counted, allauth.ResetPasswordForm):
    """Takes any address: who has an account is told by mail and nowhere else."""

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        with self.counted():
            guessing.begin(email, scene().address, purpose="reset")
        return email

    def save(self, request, **kwargs) -> str:
        services.ask_for_link(self.cleaned_data["email"])
        return self.cleaned_data["email"]


def _plain_words(form, **labels) -> None:
    labels = {"password1": "New password", "password2": "New password again"} | labels
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)
